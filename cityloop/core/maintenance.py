"""What all maintenance pages share: rows are read by permission, written by the rooms' actions, never deleted."""

from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from django import forms
from django.contrib.admin import SimpleListFilter
from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise
from unfold.widgets import UnfoldAdminTextInputWidget, UnfoldBooleanSwitchWidget

from cityloop.core import clock
from cityloop.core.actor import Actor
from cityloop.core.errors import CityloopError

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin, TabularInline
else:
    from unfold.admin import ModelAdmin, TabularInline

ADMIN_USE = "admin.use"
AUDIT_READ = "audit.read"
M = TypeVar("M", bound=Model)


def asker(request: HttpRequest) -> Actor:
    """Who uses the maintenance pages: the site has noted it before any page of it is shown."""
    actor: Actor = request.auth  # type: ignore[attr-defined]
    return actor


class Form(forms.ModelForm[M]):
    """A form whose refused action is shown where wrong input is shown."""

    refusal: ClassVar[CityloopError | None] = None

    def clean(self) -> dict[str, Any] | None:
        found = super().clean()
        if self.refusal is not None:
            raise ValidationError(str(self.refusal))
        return found


def text(label: StrOrPromise, *, length: int = 200, hint: StrOrPromise = "") -> forms.CharField:
    """An optional line of text that is no column of the row."""
    return forms.CharField(
        label=label, max_length=length, required=False, help_text=hint, widget=UnfoldAdminTextInputWidget()
    )


def switch(label: StrOrPromise, hint: StrOrPromise = "") -> forms.BooleanField:
    return forms.BooleanField(label=label, required=False, help_text=hint, widget=UnfoldBooleanSwitchWidget())


class NamesForm(Form[M]):
    """A name with its translations; languages that the form does not show keep theirs."""

    name_zh = text(_("Name in Chinese"))
    name_en = text(_("Name in English"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for language in ("zh", "en"):
            self.initial.setdefault(f"name_{language}", self._before().get(language, ""))

    def names(self) -> dict[str, str]:
        """All translations as they should stand."""
        shown = {language: self.cleaned_data[f"name_{language}"].strip() for language in ("zh", "en")}
        return {language: name for language, name in {**self._before(), **shown}.items() if name}

    def _before(self) -> dict[str, str]:
        found: dict[str, str] = getattr(self.instance, "names", None) or {}
        return found


class MaintenanceAdmin(ModelAdmin[M]):
    """Rows that holders of `reads` see and holders of `writes` change; without `writes` nobody changes them.

    `fields` are those of the form, `shown` those of a row that cannot be changed.
    """

    reads: ClassVar[str] = ADMIN_USE
    writes: ClassVar[str] = ""
    adds: ClassVar[bool] = False
    shown: ClassVar[tuple[str, ...]] = ()
    list_per_page = 50
    show_full_result_count = False
    compressed_fields = True

    def save_row(self, row: M, form: Any, actor: Actor, change: bool) -> M | None:
        """Let the room's action do what the form asks for; the row that was written, where it is a new one."""
        raise NotImplementedError

    def changeable(self, row: M) -> bool:
        return True

    def has_module_permission(self, request: HttpRequest) -> bool:
        return may(request, self.reads)

    def has_view_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return may(request, self.reads)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.adds and may(request, self.writes)

    def has_change_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return bool(self.writes) and may(request, self.writes) and (obj is None or self.changeable(obj))

    def has_delete_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return False

    def get_fields(self, request: HttpRequest, obj: M | None = None) -> Any:
        if obj is not None and not self.has_change_permission(request, obj):
            return self.shown or super().get_fields(request, obj)
        return super().get_fields(request, obj)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """The form; a refused action has changed nothing and is shown in the form again, as it was filled in."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except CityloopError as refusal:
            request.refusal = refusal  # type: ignore[attr-defined]
            return super().changeform_view(request, object_id, form_url, extra_context)

    def get_form(self, request: HttpRequest, obj: M | None = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        if issubclass(form, Form):
            form.refusal = getattr(request, "refusal", None)
        return form

    def save_model(self, request: HttpRequest, obj: M, form: Any, change: bool) -> None:
        made = self.save_row(obj, form, asker(request), change)
        if made is not None:
            obj.pk = made.pk


class ReadOnlyInline(TabularInline[Any, M]):
    """Rows shown below the one they belong to."""

    extra = 0
    can_delete = False
    show_change_link = False
    hide_title = True

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ByTitle(SimpleListFilter):
    """Rows by a column whose values people know by other words."""

    column: ClassVar[str]

    def titles(self) -> list[tuple[str, str]]:
        raise NotImplementedError

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return self.titles()

    def queryset(self, request: HttpRequest, queryset: QuerySet[M]) -> QuerySet[M]:
        return queryset.filter(**{self.column: self.value()}) if self.value() else queryset


class Standing(SimpleListFilter):
    """Dated rows: those in force, or those that have ended."""

    title = _("standing")
    parameter_name = "standing"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("in_force", _("In force")), ("ended", _("Ended"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[M]) -> QuerySet[M]:
        instant = clock.now()
        moment = instant if queryset.model._meta.get_field("valid_to").get_internal_type() == "DateTimeField" else None
        in_force = Q(valid_to=None) | Q(valid_to__gt=moment or instant.date())
        if self.value() == "in_force":
            return queryset.filter(in_force)
        return queryset.exclude(in_force) if self.value() == "ended" else queryset


def may(request: HttpRequest, permission: str) -> bool:
    return asker(request).may(permission)


def maintains(request: HttpRequest) -> bool:
    return may(request, ADMIN_USE)


def audits(request: HttpRequest) -> bool:
    return maintains(request) or may(request, AUDIT_READ)
