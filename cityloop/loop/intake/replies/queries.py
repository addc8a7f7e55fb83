"""Readers of duties to answer: which an actor may see, lists, counts, one with its report."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Case as Choose
from django.db.models import Count, F, Q, QuerySet, Value, When

from cityloop.core.actor import Actor
from cityloop.core.errors import Unknown
from cityloop.core.units import Light
from cityloop.loop.clocks.lights import NO_INSTANT, lit
from cityloop.loop.intake.models import Reply
from cityloop.loop.intake.replies.lifecycle import READ, Stamps, state_of

Replies = QuerySet[Any]
"""Of `Reply`, with what `with_lights` adds to its rows."""
_OWED = Q(answered_at=None, returned_at=None)
_UNSIGNED = Q(sign_due_at__isnull=False, signed_at=None)
STATE_IS: dict[str, Q] = {
    "open": _OWED & _UNSIGNED,
    "owed": _OWED & ~_UNSIGNED,
    "answered": Q(answered_at__isnull=False, satisfied=None),
    "satisfied": Q(satisfied=True),
    "dissatisfied": Q(satisfied=False),
    "returned": Q(returned_at__isnull=False),
}
"""The condition of each state; `lifecycle.state_of` says the same of one row."""


class Wish(NamedTuple):
    """Which duties a list holds; what is empty does not narrow it. `q`: how an order's or report's number begins."""

    state: Sequence[str] = ()
    channel: str = ""
    q: str = ""
    overdue: bool = False


def visible_to(actor: Actor) -> Q:
    """The duties that some post of `actor` may read: one with an area those whose case lies there."""
    if actor.trusted:
        return Q()
    found = Q(pk__in=())
    for post in actor.posts:
        if READ in post.permissions:
            if post.area is None:
                return Q()
            found |= Q(report__case__areas__contains=[post.area])
    return found


def listed(actor: Actor, wish: Wish, at: datetime) -> Replies:
    """The duties that `actor` may see and `wish` asks for, each with its state, the limit that runs, and its light."""
    found: Replies = with_lights(Reply.objects.filter(visible_to(actor)), at)
    if wish.state:
        chosen = Q(pk__in=())
        for state in wish.state:
            chosen |= STATE_IS[state]
        found = found.filter(chosen)
    if wish.channel:
        found = found.filter(report__channel=wish.channel)
    if wish.q:
        found = found.filter(Q(order_number__startswith=wish.q) | Q(report__number__startswith=wish.q))
    if wish.overdue:
        found = found.filter(_OWED, light=Light.RED)
    return found


def with_lights(found: Replies, at: datetime) -> Replies:
    """`state`; `runs_due`, `runs_yellow`: for signing until it is signed for, then for the answer; `light` at `at`, of
    what was answered as it was then."""
    states = [When(condition, then=Value(state)) for state, condition in STATE_IS.items() if state != "returned"]
    stated: Replies = found.annotate(state=Choose(When(STATE_IS["returned"], then=Value("returned")), *states))
    timed: Replies = stated.annotate(
        runs_due=Choose(
            When(STATE_IS["returned"], then=NO_INSTANT),
            When(STATE_IS["open"], then=F("sign_due_at")),
            default=F("answer_due_at"),
        ),
        runs_yellow=Choose(
            When(STATE_IS["returned"], then=NO_INSTANT),
            When(STATE_IS["open"], then=F("sign_yellow_at")),
            default=F("answer_yellow_at"),
        ),
    )
    return lit(timed, at, "answered_at")


def rows(found: Replies, limit: int | None = None) -> list[dict[str, Any]]:
    """What a line shows of each, `limit` at most; one statement."""
    return list(
        found.annotate(
            number=F("report__number"), channel=F("report__channel"), words=F("report__words"),
            happened_at=F("report__happened_at"), case=F("report__case__number"), case_state=F("report__case__state"),
        ).values(
            "id", "number", "order_number", "channel", "words", "happened_at", "case", "case_state", "state", "round",
            "sign_due_at", "answer_due_at", "signed_at", "answered_at", "answer", "returned_at", "called_back_at",
            "satisfied", "runs_due", "runs_yellow", "light",
        )[:limit]
    )  # fmt: skip


def counts(found: Replies) -> list[tuple[str, str, int]]:
    """How many of each state stand in each light."""
    told = found.order_by().values_list("state", "light").annotate(count=Count("pk"))
    return [(state, light, count) for state, light, count in told]


def find(report: str, actor: Actor) -> int:
    """The id of the duty to answer a report, by its number; Unknown where `actor` sees none."""
    found = Reply.objects.filter(visible_to(actor), report__number=report).values_list("pk", flat=True).first()
    if found is None:
        raise Unknown("report_unknown", number=report)
    return found


def state_of_reply(reply: Reply) -> str:
    return state_of(Stamps(reply.sign_due_at, reply.signed_at, reply.answered_at, reply.returned_at, reply.satisfied))


def areas_of(reply: Reply) -> tuple[int, ...]:
    """The areas that hold the case of its report; none where it has none."""
    case = reply.report.case
    return tuple(case.areas) if case else ()
