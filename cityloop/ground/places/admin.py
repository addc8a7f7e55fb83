"""Areas as the packs have drawn them, to read."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from cityloop.core.maintenance import MaintenanceAdmin, Standing
from cityloop.ground.places.models import Area


@admin.register(Area)
class AreaAdmin(MaintenanceAdmin[Area]):
    """The tree of areas."""

    shown = ("code", "name", "level", "scheme", "parent", "valid_from", "valid_to")
    list_display = shown
    list_filter = (Standing, "scheme", "level")
    list_select_related = ("parent",)
    search_fields = ("code", "name")
    ordering = ("scheme", "code", "valid_from")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Area]:
        return super().get_queryset(request).defer("shape", "parent__shape")
