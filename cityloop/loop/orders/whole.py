"""Orders for a person: lines of lists, and one order whole; every name and title in the language spoken."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from cityloop.core import texts
from cityloop.core.actor import Actor
from cityloop.core.texts import _
from cityloop.ground.accounts.models import Post
from cityloop.ground.accounts.queries import names_of
from cityloop.loop.cases.catalogue import catalogue
from cityloop.loop.cases.countdown import countdown
from cityloop.loop.cases.lifecycle import STATES as CASE_STATES
from cityloop.loop.cases.queries import seen_by
from cityloop.loop.clocks.due import light
from cityloop.loop.clocks.ground import Ground
from cityloop.loop.orders.kinds import KINDS, LEVELS, REPLY, SIGN, limit_of
from cityloop.loop.orders.lifecycle import RUNNING, STATES, STEPS, choices
from cityloop.loop.orders.models import LogLine, Order, OrderCase, Signature
from cityloop.loop.orders.queries import rows, standing_of, with_lights

PERSONS = ("drafted_by", "issued_by", "signed_for_by", "replied_by", "closed_by")


def lines(found: Iterable[dict[str, Any]], here: Ground, at: datetime) -> list[dict[str, Any]]:
    """Lines of a list as people read them, from `queries.rows`; no statement."""
    language = texts.spoken()
    bodies = {
        row.id: {"code": row.code, "name": row.said(language)} for row in catalogue(here.city.revision).organisations
    }
    return [
        row
        | {
            "reference": row["number"] or str(row["id"]),
            "kind_title": _(KINDS[row["kind"]].title),
            "level_title": _(LEVELS[row["level"]]),
            "state_title": _(STATES[row["state"]]),
            "issuer": bodies[row["issuer"]],
            "target": bodies[row["target"]],
            "due_at": row["runs_due"],
            "countdown": _countdown(row, here, at),
        }
        for row in found
    ]


def _countdown(row: dict[str, Any], here: Ground, at: datetime) -> dict[str, Any] | None:
    """How much is left of the limit that runs; nothing where none does."""
    if row["state"] not in RUNNING:
        return None
    what = SIGN if row["state"] == "issued" and row["sign_due_at"] else REPLY
    limit = limit_of(what, row["kind"], row["level"], here.city.settings)
    return countdown(row["runs_due"], limit, here.clock, at)


def whole(order_id: int, actor: Actor, here: Ground, at: datetime) -> dict[str, Any]:
    """An order that `actor` may see, with its cases, signatures and log, and every step that begins there; a constant
    number of statements."""
    order = Order.objects.get(pk=order_id)
    (line,) = lines(rows(with_lights(Order.objects.filter(pk=order_id), at)), here, at)
    signed = list(Signature.objects.filter(order=order_id).order_by("position"))
    log = list(LogLine.objects.filter(order=order_id).order_by("no"))
    keys = [getattr(order, name) for name in PERSONS]
    names = names_of({*keys, *(row.actor for row in log), *(row.signed_by for row in signed)})
    codes = {row.post for row in signed} | {row.post for row in log}
    posts = dict(Post.objects.filter(code__in=codes).values_list("code", "name"))
    return line | {
        "text": order.text,
        "basis": order.basis,
        "reply": order.reply,
        **{name: names.get(key, key) for name, key in zip(PERSONS, keys, strict=True)},
        "signatures": [
            {
                "post": row.post,
                "post_name": posts.get(row.post, row.post),
                "name": names.get(row.signed_by, row.signed_by) or None,
                "signed_at": row.signed_at,
            }
            for row in signed
        ],
        "covered": _covered(order_id, actor, at),
        "log": [
            {
                "step": row.step,
                "title": _(STEPS[row.step].title),
                "at": row.at,
                "name": names.get(row.actor, row.actor),
                "post": row.post,
                "post_name": posts.get(row.post, row.post),
                "note": row.note,
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
            for choice in choices(standing_of(order), actor)
        ],
        "at": at,
    }


def _covered(order_id: int, actor: Actor, at: datetime) -> list[dict[str, Any]]:
    """Those of its cases that `actor` may see; two statements."""
    language = texts.spoken()
    found = OrderCase.objects.filter(order=order_id).order_by("case__number")
    told = found.values_list(
        "case__number", "case__state", "case__address", "case__due_at", "case__yellow_at", "case__closed_at",
        "case__category__name", "case__category__names",
    )  # fmt: skip
    seen = seen_by(actor, [row[0] for row in told])
    return [
        {
            "number": number,
            "state": state,
            "state_title": _(CASE_STATES[state]),
            "category_name": names.get(language, name),
            "address": address,
            "due_at": due_at,
            "closed_at": closed_at,
            "light": light(at=at, yellow_at=yellow_at, due_at=due_at, ended_at=closed_at),
        }
        for number, state, address, due_at, yellow_at, closed_at, name, names in told
        if number in seen
    ]
