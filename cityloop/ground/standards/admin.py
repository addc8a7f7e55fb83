"""Maintenance of categories' names; the rule book is read here and written by packs, edition by edition."""

from typing import Any

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from cityloop.core.actor import Actor
from cityloop.core.maintenance import MaintenanceAdmin, NamesForm, ReadOnlyInline, Standing
from cityloop.ground.places.actions import SET_UP
from cityloop.ground.standards.actions import rename_category
from cityloop.ground.standards.models import Category, Document, Edition, Limit, Rule


class CategoryForm(NamesForm[Category]):
    class Meta:
        model = Category
        fields = ("name",)


class RulesInline(ReadOnlyInline[Rule]):
    model = Rule
    fields = ("edition", "situation", "filing_condition", "closing_condition")
    verbose_name_plural = _("Rules")
    show_change_link = True


@admin.register(Category)
class CategoryAdmin(MaintenanceAdmin[Category]):
    """Categories: renamed. What they are comes with an edition of the rules."""

    writes = SET_UP
    list_before_template = "admin/pack_decides.html"
    form = CategoryForm
    fields = ("code", "name", "name_zh", "name_en", "kind", "level", "parent", "scheme", "local", "source")
    readonly_fields = ("code", "kind", "level", "parent", "scheme", "local", "source")
    list_display = ("code", "name", "kind", "level", "parent", "scheme")
    list_filter = ("kind", "level", "scheme", "local")
    list_select_related = ("parent",)
    search_fields = ("code", "name")
    ordering = ("scheme", "code")
    inlines = (RulesInline,)

    def save_row(self, row: Category, form: Any, actor: Actor, change: bool) -> None:
        rename_category(row, name=row.name, names=form.names(), actor=actor)


class LimitsInline(ReadOnlyInline[Limit]):
    model = Limit
    fields = ("stage", "part", "value", "unit", "calendar", "area_class", "season")
    ordering = ("stage", "position")
    verbose_name_plural = _("Limits")


@admin.register(Rule)
class RuleAdmin(MaintenanceAdmin[Rule]):
    """The rule book, row by row."""

    shown = (
        "edition", "category", "situation", "urgent", "filing_condition", "do_not_collect", "closing_condition",
        "self_handling", "source",
    )  # fmt: skip
    list_display = ("category", "situation", "edition", "limits_written", "source")
    list_filter = ("edition", "category__kind")
    list_select_related = ("category", "edition")
    search_fields = ("category__code", "category__name", "situation")
    ordering = ("-edition__valid_from", "category__code", "situation")
    inlines = (LimitsInline,)

    def get_queryset(self, request: Any) -> Any:
        return super().get_queryset(request).prefetch_related("limits")

    @admin.display(description=_("Limits"))
    def limits_written(self, rule: Rule) -> str:
        limits = rule.limits.all()
        return ", ".join(f"{limit.stage} {limit.value.normalize():f} {limit.get_unit_display()}" for limit in limits)


@admin.register(Edition)
class EditionAdmin(MaintenanceAdmin[Edition]):
    """Editions of the rule book and when they hold."""

    shown = ("code", "scheme", "valid_from", "valid_to")
    list_display = ("code", "scheme", "valid_from", "valid_to")
    list_filter = (Standing,)
    ordering = ("-valid_from",)


@admin.register(Document)
class DocumentAdmin(MaintenanceAdmin[Document]):
    """Laws, standards, guides and notices; they come with a pack."""

    shown = ("code", "title", "kind", "issuer", "issued_on", "summary", "link")
    list_display = ("code", "title", "kind", "issuer", "issued_on")
    list_filter = ("kind",)
    search_fields = ("code", "title")
    ordering = ("code",)
