"""How the maintenance pages look: the theme's settings and the sidebar."""

from typing import Any

from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

MAINTAINS = "cityloop.core.maintenance.maintains"
AUDITS = "cityloop.core.maintenance.audits"


def _item(title: Any, icon: str, page: str, permission: str = MAINTAINS) -> dict[str, Any]:
    return {"title": title, "icon": icon, "link": reverse_lazy(f"admin:{page}"), "permission": permission}


def _group(title: Any, *items: dict[str, Any]) -> dict[str, Any]:
    return {"title": title, "separator": True, "items": list(items)}


NAVIGATION = [
    _group(
        _("Organisations and people"),
        _item(_("Organisations"), "account_tree", "accounts_organisation_changelist"),
        _item(_("Posts"), "badge", "accounts_post_changelist"),
        _item(_("Users"), "person", "accounts_user_changelist"),
        _item(_("Tenures"), "assignment_ind", "accounts_tenure_changelist"),
    ),
    _group(
        _("Rule book and clocks"),
        _item(_("Categories"), "category", "standards_category_changelist"),
        _item(_("Rules"), "gavel", "standards_rule_changelist"),
        _item(_("Editions"), "menu_book", "standards_edition_changelist"),
        _item(_("Documents"), "description", "standards_document_changelist"),
        _item(_("Calendars"), "calendar_month", "clocks_calendar_changelist"),
    ),
    _group(
        _("Ground"),
        _item(_("Areas"), "map", "places_area_changelist"),
        _item(_("Responsibility ledger"), "fact_check", "registry_ledgerrow_changelist"),
    ),
    _group(
        _("Operation"),
        _item(_("Jobs"), "pending_actions", "procrastinate_procrastinatejob_changelist"),
        _item(_("Changes made here"), "history", "admin_logentry_changelist"),
    ),
    _group(
        _("Audit"),
        _item(_("Who did what"), "manage_search", "audit", AUDITS),
        _item(_("Seals"), "verified", "audit_seal_changelist", AUDITS),
    ),
]

CALM = {
    "50": "#eff6fb",
    "100": "#dcebf5",
    "200": "#bdd9ec",
    "300": "#8fbfdf",
    "400": "#5a9ccc",
    "500": "#387fb5",
    "600": "#286699",
    "700": "#22527c",
    "800": "#204667",
    "900": "#1f3b56",
    "950": "#142639",
}
"""Shades of the one calm colour; loud ones are kept for lights."""

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "cityloop",
    "SITE_HEADER": _("Maintenance"),
    "SITE_SYMBOL": "sync",
    "SITE_URL": "/",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": "/static/web/icon.svg"}],
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_LANGUAGES": True,
    "LANGUAGES": {"action": reverse_lazy("admin_language")},
    "ACCOUNT": {"navigation": [{"title": _("Account and second factor"), "link": "/account"}]},
    "COLORS": {"primary": CALM},
    "SIDEBAR": {"show_search": False, "show_all_applications": False, "navigation": NAVIGATION},
}

THEME = (
    _("Apply Filters"),
    _("Cancel"),
    _("Dark"),
    _("Date"),
    _("Expand row"),
    _("Filters"),
    _("General"),
    _("Go back"),
    _("Light"),
    _("Loading more results..."),
    _("More actions"),
    _("Next"),
    _("No data"),
    _("No results found"),
    _("No results matching your query"),
    _("Previous"),
    _("Reset filters"),
    _("Run"),
    _("Select action"),
    _("Select action to run"),
    _("Select all rows"),
    _("Select record"),
    _("Select value"),
    _("Submit"),
    _("System"),
    _("This page yielded into no results. Create a new item or reset your filters."),
    _("Toggle password visibility"),
    _("Type to search"),
)
"""Words of the theme, which brings no Chinese."""
