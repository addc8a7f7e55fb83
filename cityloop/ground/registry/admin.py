"""Maintenance of organisations, which the ledger refers to; the ledger itself is read here and written by packs."""

from typing import Any

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from cityloop.core import clock
from cityloop.core.actor import Actor
from cityloop.core.maintenance import MaintenanceAdmin, NamesForm, ReadOnlyInline, Standing, switch
from cityloop.ground.accounts import upkeep
from cityloop.ground.accounts.models import Organisation
from cityloop.ground.accounts.structure import OrganisationData
from cityloop.ground.places.actions import SET_UP
from cityloop.ground.places.city import city
from cityloop.ground.registry.actions import end_organisation
from cityloop.ground.registry.models import LedgerParty, LedgerRow


class OrganisationForm(NamesForm[Organisation]):
    ends = switch(_("Ends today"), _("Its code is not used again."))

    class Meta:
        model = Organisation
        fields = ("code", "name", "kind", "parent")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "parent" in self.fields:
            self.fields["parent"].required = False


@admin.register(Organisation)
class OrganisationAdmin(MaintenanceAdmin[Organisation]):
    """Organisations: added, renamed, moved in the tree, ended."""

    writes = SET_UP
    list_before_template = "admin/pack_decides.html"
    adds = True
    form = OrganisationForm
    fields = ("code", "name", "name_zh", "name_en", "kind", "parent", "ends")
    shown = ("code", "name", "kind", "parent", "valid_from", "valid_to")
    list_display = ("code", "name", "kind", "parent", "valid_from", "valid_to")
    list_filter = (Standing, "kind")
    list_select_related = ("parent",)
    search_fields = ("code", "name")
    ordering = ("code",)
    autocomplete_fields = ("parent",)

    def changeable(self, row: Organisation) -> bool:
        return row.valid_to is None

    def get_readonly_fields(self, request: Any, obj: Organisation | None = None) -> Any:
        return ("code",) if obj else ()

    def get_fields(self, request: Any, obj: Organisation | None = None) -> Any:
        found = super().get_fields(request, obj)
        return found if obj else [name for name in found if name != "ends"]

    def save_row(self, row: Organisation, form: Any, actor: Actor, change: bool) -> Organisation:
        day = city().day(clock.now())
        parent = row.parent.code if row.parent else ""
        data = OrganisationData(row.code, row.name, form.names(), row.kind, parent)
        saved = upkeep.save_organisation(data, actor=actor, day=day)
        if form.cleaned_data.get("ends"):
            end_organisation(row.code, actor=actor, day=day)
        return saved


class PartiesInline(ReadOnlyInline[LedgerParty]):
    model = LedgerParty
    fields = ("role", "organisation", "lot", "until", "person")
    verbose_name_plural = _("Parties")


@admin.register(LedgerRow)
class LedgerRowAdmin(MaintenanceAdmin[LedgerRow]):
    """Who answers for what, as the packs have said it."""

    shown = ("code", "tier", "category", "situation", "area", "duty", "basis", "valid_from", "valid_to")
    list_display = ("code", "tier", "category", "area", "duty", "basis", "valid_from", "valid_to")
    list_filter = (Standing, "tier")
    list_select_related = ("category", "area")
    search_fields = ("code", "category__code", "category__name", "parties__organisation__code")
    ordering = ("code", "-valid_from")
    inlines = (PartiesInline,)
