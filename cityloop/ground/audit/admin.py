"""The daily seals, to read."""

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from cityloop.core.maintenance import MaintenanceAdmin, audits
from cityloop.ground.audit.models import Seal


@admin.register(Seal)
class SealAdmin(MaintenanceAdmin[Seal]):
    """One root a day over all that was recorded; `cityloop verify` walks them."""

    shown = ("number", "day", "streams", "sealed_at", "root_hex", "previous_hex", "algo")
    list_display = ("number", "day", "streams", "sealed_at", "root_hex")
    date_hierarchy = "day"
    ordering = ("-number",)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return audits(request)

    def has_view_permission(self, request: HttpRequest, obj: Seal | None = None) -> bool:
        return audits(request)

    @admin.display(description=_("Root"))
    def root_hex(self, seal: Seal) -> str:
        return bytes(seal.root).hex()

    @admin.display(description=_("Root before"))
    def previous_hex(self, seal: Seal) -> str:
        return bytes(seal.previous).hex()
