"""Maintenance of posts, users and who holds what. Organisations stand with the ledger that needs them (registry)."""

from typing import Any

from django import forms
from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldAdminSelectWidget

from cityloop.core import clock, texts
from cityloop.core.actor import Actor
from cityloop.core.maintenance import ByTitle, Form, MaintenanceAdmin, ReadOnlyInline, Standing, switch
from cityloop.core.units import AXIS_TITLES, Axis
from cityloop.ground.accounts import actions, upkeep
from cityloop.ground.accounts.models import Post, Tenure, User
from cityloop.ground.accounts.roles import ROLES
from cityloop.ground.accounts.structure import PostData
from cityloop.ground.places.actions import SET_UP
from cityloop.ground.places.city import city

MANAGE = "accounts.manage"


def _roles() -> list[tuple[str, str]]:
    return [(role.key, f"{texts._(role.title)} · {texts._(AXIS_TITLES[role.axis])}") for role in ROLES.values()]


def _role_title(post: Post) -> str:
    return texts._(ROLES[post.role].title) if post.role in ROLES else post.role


class ByRole(ByTitle):
    title = _("role")
    parameter_name = column = "role"

    def titles(self) -> list[tuple[str, str]]:
        return _roles()


class ByHeldRole(ByRole):
    column = "post__role"


class PostForm(Form[Post]):
    role = forms.ChoiceField(label=_("Role"), choices=_roles, widget=UnfoldAdminSelectWidget())
    ends = switch(_("Ends today"), _("Its code is not used again."))

    class Meta:
        model = Post
        fields = ("code", "name", "role", "organisation", "area")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["area"].required = False
        self.fields["area"].help_text = _("Empty: the whole city.")


class HoldersInline(ReadOnlyInline[Tenure]):
    model = Tenure
    fk_name = "post"
    fields = ("user", "valid_from", "valid_to")
    verbose_name_plural = _("Held by")
    ordering = ("-valid_from",)


@admin.register(Post)
class PostAdmin(MaintenanceAdmin[Post]):
    """Posts: added, changed, ended."""

    writes = SET_UP
    list_before_template = "admin/pack_decides.html"
    adds = True
    form = PostForm
    fields = ("code", "name", "role", "organisation", "area", "ends")
    shown = ("code", "name", "role_title", "axis_title", "organisation", "area", "valid_from", "valid_to")
    list_display = ("code", "name", "role_title", "axis_title", "organisation", "area", "valid_from", "valid_to")
    list_filter = (Standing, ByRole)
    list_select_related = ("organisation", "area")
    search_fields = ("code", "name", "organisation__code", "organisation__name")
    ordering = ("code",)
    autocomplete_fields = ("organisation", "area")
    inlines = (HoldersInline,)

    @admin.display(description=_("Role"), ordering="role")
    def role_title(self, post: Post) -> str:
        return _role_title(post)

    @admin.display(description=_("Axis"), ordering="axis")
    def axis_title(self, post: Post) -> str:
        return texts._(AXIS_TITLES[Axis(post.axis)])

    def changeable(self, row: Post) -> bool:
        return row.valid_to is None

    def get_readonly_fields(self, request: Any, obj: Post | None = None) -> Any:
        return ("code", "role_title", "axis_title") if obj else ()

    def get_fields(self, request: Any, obj: Post | None = None) -> Any:
        found = super().get_fields(request, obj)
        return found if obj else [name for name in found if name != "ends"]

    def save_row(self, row: Post, form: Any, actor: Actor, change: bool) -> Post:
        now = clock.now()
        day = city().day(now)
        area = f"{row.area.scheme}:{row.area.code}" if row.area else ""
        data = PostData(row.code, row.name, row.role, row.organisation.code, area)
        saved = upkeep.save_post(data, actor=actor, at=now, day=day)
        if form.cleaned_data.get("ends"):
            upkeep.end_post(row.code, actor=actor, day=day)
        return saved


class UserForm(Form[User]):
    password_new = forms.CharField(
        label=_("New password"),
        required=False,
        strip=False,
        help_text=_("Empty: none yet, or as it was. A new one ends every session."),
        widget=UnfoldAdminPasswordWidget({"autocomplete": "new-password"}),
    )
    drop_factor = switch(_("Forget the second factor"), _("For somebody who has lost it; ends every session."))

    class Meta:
        model = User
        fields = ("username", "first_name", "is_active")
        labels = {"username": _("User name"), "first_name": _("Name"), "is_active": _("May sign in")}
        help_texts = {"is_active": ""}


class TenuresInline(ReadOnlyInline[Tenure]):
    model = Tenure
    fk_name = "user"
    fields = ("post", "valid_from", "valid_to")
    verbose_name_plural = _("Posts held")
    ordering = ("-valid_from",)


@admin.register(User)
class UserAdmin(MaintenanceAdmin[User]):
    """People and machines: made, named, switched off and on, given a password. Nobody is deleted."""

    writes = MANAGE
    adds = True
    form = UserForm
    fields = ("username", "first_name", "is_active", "password_new", "drop_factor")
    list_display = ("username", "name", "active", "demo", "last_login")
    list_filter = ("is_active", "demo")
    search_fields = ("username", "first_name")
    ordering = ("username",)
    inlines = (TenuresInline,)

    @admin.display(description=_("Name"), ordering="first_name")
    def name(self, user: User) -> str:
        return user.first_name

    @admin.display(description=_("May sign in"), ordering="is_active", boolean=True)
    def active(self, user: User) -> bool:
        return user.is_active

    def get_readonly_fields(self, request: Any, obj: User | None = None) -> Any:
        return ("username",) if obj else ()

    def get_fields(self, request: Any, obj: User | None = None) -> Any:
        found = super().get_fields(request, obj)
        return found if obj else [name for name in found if name != "drop_factor"]

    def save_row(self, row: User, form: Any, actor: Actor, change: bool) -> User:
        wanted = form.cleaned_data
        if change:
            actions.name_user(row, row.first_name, actor=actor)
        else:
            row = actions.make_user(row.username, name=row.first_name, actor=actor)
        if wanted["password_new"]:
            actions.set_password(row, wanted["password_new"], actor=actor)
        if wanted.get("drop_factor"):
            actions.drop_second_factor(row, actor=actor)
        (actions.switch_on if wanted["is_active"] else actions.switch_off)(row, actor=actor)
        return row


class TenureForm(Form[Tenure]):
    class Meta:
        model = Tenure
        fields = ("user", "post", "valid_from", "valid_to")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, hint in (("valid_from", _("Empty: from now on.")), ("valid_to", _("Empty: until further notice."))):
            if name in self.fields:
                self.fields[name].required = False
                self.fields[name].help_text = hint


@admin.register(Tenure)
class TenureAdmin(MaintenanceAdmin[Tenure]):
    """Who holds which post: given and ended, never rewritten."""

    writes = MANAGE
    adds = True
    form = TenureForm
    fields = ("user", "post", "valid_from", "valid_to")
    shown = fields
    list_display = ("user", "post", "role_title", "valid_from", "valid_to")
    list_filter = (Standing, ByHeldRole)
    list_select_related = ("user", "post")
    search_fields = ("user__username", "user__first_name", "post__code", "post__name")
    ordering = ("-valid_from", "-id")
    autocomplete_fields = ("user", "post")

    @admin.display(description=_("Role"), ordering="post__role")
    def role_title(self, tenure: Tenure) -> str:
        return _role_title(tenure.post)

    def changeable(self, row: Tenure) -> bool:
        return row.valid_to is None or row.valid_to > clock.now()

    def get_readonly_fields(self, request: Any, obj: Tenure | None = None) -> Any:
        return ("user", "post", "valid_from") if obj else ()

    def save_row(self, row: Tenure, form: Any, actor: Actor, change: bool) -> Tenure:
        now = clock.now()
        if not change:
            return actions.give_tenure(row.user, row.post, actor=actor, at=row.valid_from or now, until=row.valid_to)
        if row.valid_to is not None:  # what is past stays as it was
            actions.end_tenure(row, actor=actor, at=max(row.valid_to, now))
        return row
