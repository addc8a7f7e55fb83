"""Replies for a person: lines of lists, and one duty whole; every name and title in the language spoken."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from cityloop.core import texts
from cityloop.core.actor import Actor
from cityloop.core.texts import _
from cityloop.ground.accounts.models import Post
from cityloop.ground.accounts.queries import names_of
from cityloop.loop.cases.catalogue import channels
from cityloop.loop.cases.countdown import countdown
from cityloop.loop.cases.lifecycle import STATES as CASE_STATES
from cityloop.loop.clocks.ground import Ground
from cityloop.loop.intake.actions import Shown, note_unmaskings
from cityloop.loop.intake.models import Reply, ReplyStep
from cityloop.loop.intake.queries import contact
from cityloop.loop.intake.replies.lifecycle import ANSWER, OWED, SIGN, STATES, STEPS, choices, limit_of
from cityloop.loop.intake.replies.queries import areas_of, rows, with_lights


def lines(found: Iterable[dict[str, Any]], here: Ground, at: datetime) -> list[dict[str, Any]]:
    """Lines of a list as people read them, from `queries.rows`; no statement."""
    names = channels(here.city, texts.spoken())
    return [
        row
        | {
            "channel_name": names.get(row["channel"], row["channel"]),
            "case_state_title": _(CASE_STATES[row["case_state"]]) if row["case_state"] else "",
            "state_title": _(STATES[row["state"]]),
            "due_at": row["runs_due"],
            "countdown": _countdown(row, here, at),
        }
        for row in found
    ]


def _countdown(row: dict[str, Any], here: Ground, at: datetime) -> dict[str, Any] | None:
    """How much is left of the limit that runs; nothing where none does."""
    if row["state"] not in OWED:
        return None
    what = SIGN if row["state"] == "open" else ANSWER
    return countdown(row["runs_due"], limit_of(what, row["channel"], here.city.settings), here.clock, at)


def whole(reply_id: int, actor: Actor, here: Ground, at: datetime) -> dict[str, Any]:
    """A duty that `actor` may see, with its report and log, and every step that begins there; a constant number of
    statements. That contact data were shown unmasked is recorded."""
    (line,) = lines(rows(with_lights(Reply.objects.filter(pk=reply_id), at)), here, at)
    reply = Reply.objects.select_related("report__case").get(pk=reply_id)
    report, areas = reply.report, areas_of(reply)
    reporter, shown_to = contact(report.reporter, actor, areas if report.case else None)
    if shown_to is not None and any(reporter.values()):
        note_unmaskings([Shown(report.number, report.case_id, shown_to)], actor=actor, at=at)
    log = list(ReplyStep.objects.filter(reply=reply_id).order_by("id"))
    names = names_of({row.actor for row in log})
    posts = dict(Post.objects.filter(code__in={row.post for row in log}).values_list("code", "name"))
    return line | {
        "address": report.address,
        "reporter": reporter,
        "log": [
            {
                "step": row.step,
                "title": _(STEPS[row.step].title),
                "round": row.round,
                "at": row.at,
                "name": names.get(row.actor, row.actor),
                "post": row.post,
                "post_name": posts.get(row.post, row.post),
                "words": row.words,
            }
            for row in log
        ],
        "steps": [
            {
                "name": choice.step.name,
                "title": _(choice.step.title),
                "allowed": choice.why is None,
                "why": None if choice.why is None else str(choice.why),
                "needs": choice.step.needs,
            }
            for choice in choices(line["state"], areas, actor)
        ],
        "at": at,
    }
