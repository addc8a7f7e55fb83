"""Readers of orders: which an actor may see, lists, counts, one order's standing, those of a case."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from django.db.models import Case as Choose
from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery, When
from django.db.models.functions import Coalesce

from cityloop.core.actor import Actor, HeldPost
from cityloop.core.errors import Unknown
from cityloop.core.units import Light
from cityloop.ground.accounts.models import Post
from cityloop.ground.accounts.roles import ROLES
from cityloop.ground.accounts.tree import organisations
from cityloop.ground.places.city import city
from cityloop.loop.cases.catalogue import catalogue
from cityloop.loop.clocks.lights import NO_INSTANT, lit
from cityloop.loop.orders.kinds import KINDS
from cityloop.loop.orders.lifecycle import RUNNING, Standing
from cityloop.loop.orders.models import Order, OrderCase, Signature

Orders = QuerySet[Any]
"""Of `Order`, with what `with_lights` adds to its rows."""
READ, SIGNS, ANSWERS, JUDGES = "orders.read", "orders.sign", "orders.answer", "orders.judge"


class Wish(NamedTuple):
    """Which orders a list holds; what is empty does not narrow it. `target`: a code, with all below it."""

    kind: str = ""
    state: Sequence[str] = ()
    level: str = ""
    target: str = ""
    mine: bool = False
    overdue: bool = False


def visible_to(actor: Actor) -> Q:
    """The orders that some post of `actor` may read.

    A handling post: those issued to its organisation or one below. Another one with an area: those over a case in that
    area. One for the whole city: those that its organisation or one below issued. Whoever drafted one, or is to sign
    it, sees that one too.
    """
    if actor.trusted:
        return Q()
    posts = [post for post in actor.posts if READ in post.permissions]
    if not posts:
        return Q(pk__in=())
    signs = Signature.objects.filter(post__in=[post.code for post in posts])
    found = Q(drafted_by=actor.key) | Q(pk__in=signs.values("order"))
    for post in posts:
        found |= _target_of(post) & Q(issued_at__isnull=False) if post.handles else _above(post)
    return found


def mine(actor: Actor) -> Q:
    """The orders in which some post of `actor` is the next to do something."""
    found = Q(pk__in=())
    for post in actor.posts:
        if ANSWERS in post.permissions:
            found |= Q(state__in=RUNNING) & _target_of(post)
        if JUDGES in post.permissions:
            found |= Q(state="replied") & _above(post)
        if SIGNS in post.permissions:
            waiting = Signature.objects.filter(order__state="draft", signed_at=None).order_by("order", "position")
            first = waiting.distinct("order").values("pk")
            found |= Q(pk__in=Signature.objects.filter(pk__in=first, post=post.code).values("order"))
    return found


def _target_of(post: HeldPost) -> Q:
    return Q(target__in=_below(post))


def _above(post: HeldPost) -> Q:
    if post.area is None:
        return Q(issuer__in=_below(post))
    return Q(pk__in=OrderCase.objects.filter(case__areas__contains=[post.area]).values("order"))


def _below(post: HeldPost) -> list[int]:
    return catalogue(city().revision).units_below(post.organisation)


def listed(actor: Actor, wish: Wish, at: datetime) -> Orders:
    """The orders that `actor` may see and `wish` asks for, each with the limit that counts for it and its light.

    `runs_due`, `runs_yellow`: for signing until it is signed for, then for the reply; `light` as `Light` has it.
    """
    found: Orders = with_lights(Order.objects.filter(visible_to(actor)), at)
    if wish.mine:
        found = found.filter(mine(actor))
    if wish.kind:
        found = found.filter(kind=wish.kind)
    if wish.state:
        found = found.filter(state__in=wish.state)
    if wish.level:
        found = found.filter(level=wish.level)
    if wish.target:
        found = found.filter(target__in=catalogue(city().revision).under_organisation(wish.target))
    if wish.overdue:
        found = found.filter(state__in=RUNNING, light=Light.RED)
    return found


def with_lights(found: Orders, at: datetime) -> Orders:
    """Orders with the limit that counts for each, and its light at `at`; what was answered keeps its light."""
    limited = Q(state__in=(*RUNNING, "replied", "accepted"))
    timed: Orders = found.annotate(
        runs_due=Choose(
            When(state="issued", then=Coalesce("sign_due_at", "reply_due_at")),
            When(limited, then=F("reply_due_at")),
            default=NO_INSTANT,
        ),
        runs_yellow=Choose(
            When(state="issued", then=Coalesce("sign_yellow_at", "reply_yellow_at")),
            When(limited, then=F("reply_yellow_at")),
            default=NO_INSTANT,
        ),
    )
    return lit(timed, at, "replied_at")


def counts(found: Orders) -> list[tuple[str, str, int]]:
    """How many orders of each state stand in each light."""
    rows = found.order_by().values_list("state", "light").annotate(count=Count("pk"))
    return [(state, light, count) for state, light, count in rows]


def find(reference: str, actor: Actor) -> int:
    """The id of an order by its number, or while it is a draft by its id; Unknown where `actor` sees none."""
    named = Q(pk=int(reference)) if _is_id(reference) else Q(number=reference)
    found = Order.objects.filter(named, visible_to(actor)).values_list("pk", flat=True).first()
    if found is None:
        raise Unknown("order_unknown", order=reference)
    return found


def _is_id(reference: str) -> bool:
    return reference.isascii() and reference.isdigit() and len(reference) <= 18


def standing_of(order: Order) -> Standing:
    """What decides who may take which step of an order; two statements."""
    known = organisations(city().revision).by_id
    areas = [frozenset(row) for row in OrderCase.objects.filter(order=order).values_list("case__areas", flat=True)]
    waiting = Signature.objects.filter(order=order, signed_at=None).order_by("position")
    return Standing(
        order.kind,
        order.state,
        known[order.issuer_id].path,
        known[order.target_id].path,
        frozenset.intersection(*areas) if areas else frozenset(),
        waiting.values_list("post", flat=True).first() or "",
    )


class Signatory(NamedTuple):
    """A post that may sign orders."""

    code: str
    name: str
    organisation: int


def signatories(day: date) -> list[Signatory]:
    """The posts that may sign orders on a day; one statement."""
    roles = [role.key for role in ROLES.values() if SIGNS in role.permissions]
    found = Post.objects.filter(role__in=roles, valid_from__lte=day).exclude(valid_to__lte=day).order_by("code")
    return [Signatory(*row) for row in found.values_list("code", "name", "organisation")]


def kinds_for(actor: Actor) -> list[str]:
    """The kinds of orders that some post of `actor` may issue."""
    return [kind.key for kind in KINDS.values() if any(kind.permission in post.permissions for post in actor.posts)]


def of_case(case_id: int, actor: Actor, at: datetime) -> Orders:
    """The orders over a case that `actor` may see, latest first."""
    covering = OrderCase.objects.filter(case=case_id).values("order")
    return with_lights(Order.objects.filter(visible_to(actor), pk__in=covering), at).order_by("-pk")


def rows(found: Orders, limit: int | None = None) -> list[dict[str, Any]]:
    """What a line shows of each, `limit` at most; one statement."""
    covered = OrderCase.objects.filter(order=OuterRef("pk")).order_by().values("order")
    return list(
        found.annotate(cases=Coalesce(Subquery(covered.annotate(count=Count("pk")).values("count")), 0)).values(
            "id", "number", "kind", "level", "state", "title", "issuer", "target", "drafted_at", "issued_at",
            "sign_due_at", "signed_for_at", "reply_due_at", "replied_at", "closed_at", "runs_due", "runs_yellow",
            "light", "cases",
        )[:limit]
    )  # fmt: skip
