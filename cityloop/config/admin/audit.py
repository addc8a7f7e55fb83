"""Who did what: a search over the entries of all cases."""

from datetime import datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from cityloop.core import clock, texts
from cityloop.core.errors import CityloopError
from cityloop.core.maintenance import asker, text
from cityloop.loop.cases.lifecycle import STATES, STEPS
from cityloop.loop.cases.search import Act, Wanted, acts

PAGE = 100
LOOKS_BACK = timedelta(days=7)
"""Without a day or a case, so far."""


def _steps() -> list[tuple[str, Any]]:
    return [("", _("Any step")), *((step.name, texts._(step.title)) for step in STEPS.values())]


def _day(label: StrOrPromise) -> forms.DateField:
    return forms.DateField(label=label, required=False, widget=UnfoldAdminTextInputWidget({"type": "date"}))


class SearchForm(forms.Form):
    number = text(_("Case"), length=24)
    actor = text(_("User"), length=150)
    post = text(_("Post"), length=60)
    step = forms.ChoiceField(label=_("Step"), choices=_steps, required=False, widget=UnfoldAdminSelectWidget())
    since = _day(_("Recorded from"))
    until = _day(_("Recorded until"))

    def wanted(self, now: datetime) -> Wanted:
        """The search in instants of the city; `until` is the last day shown."""
        found = {name: value for name, value in self.cleaned_data.items() if name not in ("since", "until")}
        since, until = self.cleaned_data["since"], self.cleaned_data["until"]
        if since is None and until is None and not found["number"]:
            return Wanted(**found, since=now - LOOKS_BACK)
        return Wanted(
            **found,
            since=since and _midnight(since),
            until=until and _midnight(until + timedelta(days=1)),
        )


def search_page(request: HttpRequest) -> TemplateResponse:
    form = SearchForm(request.GET)
    found: list[Act] = []
    if form.is_valid():
        try:
            found = acts(
                form.wanted(clock.now()), actor=asker(request), limit=PAGE + 1, before=request.GET.get("before", "")
            )
        except CityloopError as refusal:
            form.add_error(None, str(refusal))
    older = {**request.GET.dict(), "before": found[PAGE - 1].key} if len(found) > PAGE else None
    return TemplateResponse(
        request,
        "admin/audit.html",
        {
            **admin.site.each_context(request),
            "title": _("Who did what"),
            "form": form,
            "acts": [_shown(act) for act in found[:PAGE]],
            "older": urlencode(older) if older else "",
        },
    )


def _shown(act: Act) -> dict[str, Any]:
    return {
        **act._asdict(),
        "step": texts._(STEPS[act.step].title) if act.step in STEPS else act.step,
        "from_state": texts._(STATES[act.from_state]) if act.from_state in STATES else act.from_state,
        "to_state": texts._(STATES[act.to_state]) if act.to_state in STATES else act.to_state,
        "who": act.person or act.actor,
    }


def _midnight(day: Any) -> datetime:
    return datetime.combine(day, time.min, timezone.get_current_timezone())
