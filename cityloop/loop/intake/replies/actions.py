"""The only writers of duties to answer: owed when a report comes, answered when its case ends or by hand."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from cityloop.core.actor import SYSTEM, Actor
from cityloop.core.errors import Refused
from cityloop.core.fields import clean
from cityloop.core.texts import Term
from cityloop.loop.cases.actions import advance
from cityloop.loop.cases.facts import Facts
from cityloop.loop.cases.queries import MERGED, merged_into
from cityloop.loop.clocks.deadlines import NO_DEADLINE, Deadline
from cityloop.loop.clocks.ground import Ground, ground
from cityloop.loop.intake.models import Reply, ReplyStep
from cityloop.loop.intake.replies.lifecycle import ANSWER, NEEDS, SIGN, STEPS, Step, limit_of, post_for
from cityloop.loop.intake.replies.queries import areas_of, find, state_of_reply


def owe(report_id: int, order_number: str, channel: str, here: Ground, at: datetime) -> None:
    """The duty to answer a report that came `at`; both limits of its channel count from then."""
    Reply.objects.bulk_create(
        [
            Reply(
                report_id=report_id,
                order_number=order_number,
                **_stamps(SIGN, _deadline(SIGN, channel, here, at)),
                **_stamps(ANSWER, _deadline(ANSWER, channel, here, at)),
            )
        ]
    )


def answer(case_id: int, *, at: datetime) -> int:
    """Note for every report of a case, and of those merged into it, that its sender is answered now; how many were not
    before. What was returned to its sender is left alone.

    The answer is what the handler did, or why nothing was done.
    """
    reported = MERGED.format(case="%(case)s")
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH answered AS (UPDATE intake_reply y SET answered_at = %(at)s, answer ="
            " coalesce((SELECT note FROM cases_entry e WHERE e.case_id = %(case)s"
            " AND e.step IN ('handle', 'refuse', 'withdraw', 'void') ORDER BY e.seq DESC LIMIT 1), '')"
            f" FROM intake_report r WHERE r.id = y.report_id AND r.case_id IN {reported}"
            " AND y.answered_at IS NULL AND y.returned_at IS NULL RETURNING y.id, y.round, y.answer)"
            " INSERT INTO intake_replystep (reply_id, round, step, at, actor, post, words)"
            " SELECT id, round, 'answer', %(at)s, %(actor)s, '', answer FROM answered",
            {"at": at, "case": case_id, "actor": SYSTEM.key},
        )
        return int(cursor.rowcount)


@transaction.atomic
def take(
    report: str, name: str, *, words: str = "", satisfied: bool | None = None, actor: Actor, at: datetime
) -> Reply:
    """Take a step of the duty to answer a report (its number).

    Unknown where `actor` sees none; Conflict in the wrong state; Denied where it is not the actor's; Refused where
    something is missing. To have it done over takes the case along, and meets whatever refuses that.
    """
    step = STEPS.get(name)
    if step is None:
        raise Refused("step_unknown", step=name)
    reply = Reply.objects.select_for_update(of=("self",)).select_related("report").get(pk=find(report, actor))
    post = post_for(step, state_of_reply(reply), areas_of(reply), actor)
    words = clean(words)
    told: Mapping[str, Any] = {"words": words, "satisfied": satisfied}
    if step.needs and told[step.needs] in ("", None):
        raise Refused("fact_missing", step=Term(step.name, step.title), fact=Term(step.needs, NEEDS[step.needs]))
    _log(reply, step, actor, post.code if post else "", words, at)
    if name == "sign_for":
        reply.signed_at = at
    elif name == "answer":
        reply.answer, reply.answered_at = words, at
    elif name == "send_back":
        reply.returned_at = at
    elif name == "call_back":
        reply.called_back_at, reply.satisfied = at, satisfied
    else:
        _redo(reply, words, actor, at)
    reply.save()
    return reply


def _redo(reply: Reply, words: str, actor: Actor, at: datetime) -> None:
    """The case goes round once more, and its reporter is answered once more, within the limit anew."""
    if reply.report.case_id is None:
        raise Refused("reply_without_case")
    advance(merged_into(reply.report.case_id), "redo", actor=actor, recorded_at=at, facts=Facts(reason=words))
    reply.round += 1
    reply.answered_at, reply.answer, reply.called_back_at, reply.satisfied = None, "", None, None
    reply.signed_at = reply.signed_at or at
    deadline = _deadline(ANSWER, reply.report.channel, ground(), at)
    reply.answer_due_at, reply.answer_yellow_at = deadline.due_at, deadline.yellow_at


def _log(reply: Reply, step: Step, actor: Actor, post: str, words: str, at: datetime) -> None:
    ReplyStep.objects.create(
        reply=reply, round=reply.round, step=step.name, at=at, actor=actor.key, post=post, words=words
    )


def _deadline(what: str, channel: str, here: Ground, at: datetime) -> Deadline:
    limit = limit_of(what, channel, here.city.settings)
    return here.clock.chain((limit,), at)[-1].deadline if limit else NO_DEADLINE


def _stamps(what: str, deadline: Deadline) -> dict[str, datetime | None]:
    return {f"{what}_due_at": deadline.due_at, f"{what}_yellow_at": deadline.yellow_at}
