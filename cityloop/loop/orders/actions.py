"""The only writers of orders: drafted, signed, issued, answered, judged; each step one transaction with its log."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from django.db import connection, transaction

from cityloop.core.actor import Actor, HeldPost
from cityloop.core.errors import Conflict, Refused, Unknown
from cityloop.core.fields import clean
from cityloop.core.texts import Term
from cityloop.ground.accounts.tree import OrganisationValue
from cityloop.loop.cases.actions import Move, advance_many
from cityloop.loop.cases.catalogue import catalogue
from cityloop.loop.cases.facts import Facts
from cityloop.loop.cases.lifecycle import STATES as CASE_STATES
from cityloop.loop.cases.lifecycle import STEPS as CASE_STEPS
from cityloop.loop.cases.queries import seen_by, snapshots
from cityloop.loop.cases.snapshot import Snapshot
from cityloop.loop.clocks.deadlines import NO_DEADLINE, Deadline
from cityloop.loop.clocks.ground import Ground, ground
from cityloop.loop.orders.kinds import KINDS, REPLY, SIGN, limit_of, prefix_of
from cityloop.loop.orders.lifecycle import NEEDS, STEPS, TAKEN_ALONG, Step, carrying, covers, elsewhere, post_for
from cityloop.loop.orders.models import LogLine, Order, OrderCase, Signature
from cityloop.loop.orders.queries import signatories, standing_of

ON_CASES = CASE_STEPS["order"]
"""The entry that an order makes in every case it covers."""


class Wanted(NamedTuple):
    """An order as it is asked for: target, cases and signatories by code. `key`: what the asker's form calls it."""

    kind: str
    level: str
    target: str
    title: str
    text: str
    basis: str
    cases: Sequence[str]
    signatories: Sequence[str]
    key: str


@transaction.atomic
def draft(wanted: Wanted, *, actor: Actor, at: datetime) -> Order:
    """An order; issued at once where nobody has to sign it. The same key once more is the same order.

    Denied where no post of the actor may issue it; Unknown for a target or case that is not there to be seen; Refused
    where a case does not fit, or a signatory cannot sign.
    """
    _locked(f"orders {actor.key} {wanted.key}")
    if same := Order.objects.filter(drafted_by=actor.key, key=wanted.key).first():
        return same
    here = ground()
    target = _target(wanted.target, here, at)
    cases = _cases(wanted.cases, actor)
    post = _drafting_post(wanted.kind, target, cases, actor)
    assert post.organisation is not None  # it stands on the target's path
    _require_fit(wanted.kind, target, cases)
    _require_signatories(wanted.signatories, at, here)
    order = Order.objects.create(
        kind=wanted.kind, level=wanted.level, state="draft", title=clean(wanted.title), text=clean(wanted.text),
        basis=clean(wanted.basis), issuer_id=post.organisation, target_id=target.id, key=wanted.key,
        drafted_at=at, drafted_by=actor.key,
    )  # fmt: skip
    OrderCase.objects.bulk_create(OrderCase(order=order, case_id=case.case.id) for case in cases)
    signatures = enumerate(dict.fromkeys(wanted.signatories), start=1)
    Signature.objects.bulk_create(Signature(order=order, position=no, post=code) for no, code in signatures)
    _log(order, STEPS["draft"], actor, post, at)
    if not wanted.signatories:
        _issue(order, cases, here, actor, post, at)
    return order


@transaction.atomic
def take(order_id: int, name: str, *, note: str = "", reply: str = "", actor: Actor, at: datetime) -> Order:
    """Take a step of an order.

    Conflict in the wrong state; Denied where it is not the actor's; Refused where words are missing, or where a case
    no longer fits when the last signature issues the order.
    """
    step = STEPS.get(name)
    if step is None or name in TAKEN_ALONG:
        raise Refused("step_unknown", step=name)
    order = Order.objects.select_for_update().filter(pk=order_id).first()
    if order is None:
        raise Unknown("order_unknown", order=order_id)
    post = post_for(step, standing_of(order), actor)
    told = {"note": clean(note), "reply": clean(reply)}
    if step.needs and not told[step.needs]:
        raise Refused("fact_missing", step=Term(step.name, step.title), fact=Term(step.needs, NEEDS[step.needs]))
    if name == "sign":
        return _sign(order, told["note"], actor, post, at)
    if name == "reply":
        order.reply = told["reply"]
    elif name == "send_back":
        order.reply, order.replied_at, order.replied_by = "", None, ""
    _log(order, step, actor, post, at, told["reply"] or told["note"])
    order.save()
    return order


def _sign(order: Order, note: str, actor: Actor, post: HeldPost, at: datetime) -> Order:
    """The next signature; with the last one the order is issued."""
    Signature.objects.filter(order=order, post=post.code).update(signed_at=at, signed_by=actor.key)
    _log(order, STEPS["sign"], actor, post, at, note)
    if not Signature.objects.filter(order=order, signed_at=None).exists():
        ids = list(OrderCase.objects.filter(order=order).values_list("case", flat=True))
        cases, here = list(snapshots(ids, lock=True).values()), ground()
        _require_fit(order.kind, here.organisations.by_id[order.target_id], cases)
        _issue(order, cases, here, actor, post, at)
    return order


def _issue(order: Order, cases: Sequence[Snapshot], here: Ground, actor: Actor, post: HeldPost, at: datetime) -> None:
    """Number an order, begin its limits, and tell every case that it covers (locked by the caller)."""
    order.number = _take_number(order.kind, here, at)
    order.sign_due_at, order.sign_yellow_at = _deadline(SIGN, order, here, at)
    order.reply_due_at, order.reply_yellow_at = _deadline(REPLY, order, here, at)
    _log(order, STEPS["issue"], actor, post, at)
    order.save()
    held = replace(post, permissions=frozenset({ON_CASES.permission}), area=None, handles=False)
    taker = replace(actor, posts=(held,))  # that this post reaches the cases was seen when the order was drafted
    facts = Facts(order=order.number, note=order.title)
    advance_many(
        ((case, [Move(ON_CASES.name, max(at, case.case.last_at), facts)]) for case in cases),
        actor=taker,
        recorded_at=at,
    )


def _deadline(what: str, order: Order, here: Ground, at: datetime) -> Deadline:
    limit = limit_of(what, order.kind, order.level, here.city.settings)
    return here.clock.chain((limit,), at)[-1].deadline if limit else NO_DEADLINE


# What an order may be about


def _target(code: str, here: Ground, at: datetime) -> OrganisationValue:
    found = here.organisations.named(code)
    if not catalogue(here.city.revision).organisation(found.id).in_force(here.city.day(at)):
        raise Unknown("organisation_unknown", organisation=code)
    return found


def _cases(numbers: Iterable[str], actor: Actor) -> list[Snapshot]:
    """The cases of these numbers, locked; Unknown for one that `actor` may not see."""
    wanted = list(dict.fromkeys(numbers))
    seen = seen_by(actor, wanted)
    for number in wanted:
        if number not in seen:
            raise Unknown("case_unknown", number=number)
    return list(snapshots([seen[number].id for number in wanted], lock=True).values())


def _drafting_post(kind: str, target: OrganisationValue, cases: Sequence[Snapshot], actor: Actor) -> HeldPost:
    """The post under which `actor` issues such an order: its organisation becomes the issuer, and stands above."""
    areas = frozenset.intersection(*(frozenset(case.case.areas) for case in cases)) if cases else frozenset[int]()
    for post in carrying(STEPS["draft"], kind, actor):
        if post.organisation in target.path and covers(post, target.path, areas):
            return post
    raise elsewhere(STEPS["draft"])


def _require_fit(kind: str, target: OrganisationValue, cases: Sequence[Snapshot]) -> None:
    """An order covers cases between filing and closing; one about work those that its target handles, one at least."""
    if KINDS[kind].about_work and not cases:
        raise Refused("order_cases_missing", kind=Term(kind, KINDS[kind].title))
    for snapshot in cases:
        case, unit = snapshot.case, snapshot.unit
        if case.state not in ON_CASES.sources:
            raise Conflict("order_case_state", case=case.number, state=Term(case.state, CASE_STATES[case.state]))
        gone = unit is None or case.state == "filed" or target.id not in snapshot.unit_path
        if KINDS[kind].about_work and gone:
            raise Conflict("order_case_elsewhere", case=case.number, organisation=target.code)


def _require_signatories(codes: Sequence[str], at: datetime, here: Ground) -> None:
    fit = {post.code for post in signatories(here.city.day(at))} if codes else set()
    for code in codes:
        if code not in fit:
            raise Refused("order_signatory_unfit", post=code)


# Rows


def _log(order: Order, step: Step, actor: Actor, post: HeldPost, at: datetime, note: str = "") -> None:
    """Let the order stand where the step leads, with its instant and person; and one more line of the log."""
    order.state = step.target
    if step.stamp:
        setattr(order, f"{step.stamp}_at", at)
        setattr(order, f"{step.stamp}_by", actor.key)
    no = LogLine.objects.filter(order=order).count() + 1
    LogLine.objects.create(order=order, no=no, step=step.name, at=at, actor=actor.key, post=post.code, note=note)


def _take_number(kind: str, here: Ground, at: datetime) -> str:
    """The next of its kind in the city's year: prefix, year, serial of four digits or more; without gaps."""
    year = here.city.day(at).year
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO orders_numbercounter AS n (kind, year, last) VALUES (%s, %s, 1)"
            " ON CONFLICT (kind, year) DO UPDATE SET last = n.last + 1 RETURNING last",
            [kind, year],
        )
        (last,) = cursor.fetchone()
    return f"{prefix_of(kind, here.city.settings)}{year}{last:04d}"


def _locked(name: str) -> None:
    """Whoever does the same at the same time waits for the end of this transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [name])
