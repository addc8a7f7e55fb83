"""The loop on one screen: the picture, the buttons, the permission matrix and the checks are made from this table.

A case runs on two tracks. The centre's own assignment holds the main track: its stages tile the case from report
to end. While it is `out`, the handler's assignment, nested in it, has stages of its own.
"""

from dataclasses import dataclass
from typing import NamedTuple

from cityloop.core.texts import N_
from cityloop.core.units import Axis
from cityloop.ground.registry.words import TIER_TITLES
from cityloop.ground.standards.words import CLOSING_KINDS

SAME = ""
"""The centre stays in the stage it is in."""
END = "-"
"""The centre's track, and with it the case, ends."""
KEEP = "="
"""As a step's target: the case stays in the state it is in; only a clock, a part or the record changes."""


class Effect(NamedTuple):
    """What a step does to the handler's assignment: `opens`, `moves` it to a stage, or `ends` it with a verdict."""

    kind: str
    what: str = ""


NOTHING = Effect("")
HANDS_OUT = Effect("opens", "sign_for")
HANDS_BACK = Effect("reopens", "sign_for")


@dataclass(frozen=True, slots=True)
class Step:
    """One allowed move. `needs` names facts that must be given; `centre` is the centre's next stage."""

    name: str
    title: str
    sources: tuple[str, ...]
    target: str
    permission: str
    axis: Axis
    centre: str = SAME
    unit: Effect = NOTHING
    needs: tuple[str, ...] = ()
    wants: tuple[str, ...] = ()
    """Facts that may come with it."""

    def leads_to(self, state: str) -> str:
        """The state after this step, taken in `state`."""
        return state if self.target == KEEP else self.target


STATES: dict[str, str] = {
    "reported": N_("reported"),
    "verifying": N_("being verified"),
    "verified": N_("verified"),
    "registered": N_("registered"),
    "filed": N_("filed"),
    "dispatched": N_("dispatched"),
    "handling": N_("being handled"),
    "return_requested": N_("return asked"),
    "handled": N_("handled"),
    "fed_back": N_("fed back"),
    "checked": N_("checked"),
    "closed": N_("closed"),
    "refused": N_("refused"),
    "merged": N_("merged"),
    "withdrawn": N_("withdrawn"),
    "void": N_("void"),
}
ENDED = frozenset({"closed", "refused", "merged", "withdrawn", "void"})
UNCOUNTED = ENDED - {"closed"}
"""Cases that ended so belong to no population."""
STAGES: dict[str, str] = {
    "register": N_("registering"),
    "verify": N_("verifying"),
    "file": N_("filing"),
    "dispatch": N_("dispatching"),
    "out": N_("out for handling"),
    "rule_return": N_("deciding on the return"),
    "feedback": N_("feeding back"),
    "check": N_("checking"),
    "close": N_("closing"),
    "rest": N_("at rest"),
    "sign_for": N_("signing for"),
    "handle": N_("handling"),
    "return": N_("waiting for the return"),
    "duty_sign": N_("signing for a duty"),
    "duty_go": N_("on the way to the spot"),
    "duty_do": N_("doing a duty"),
    "duty_review": N_("waiting for the review"),
}
"""Where a track stands: the centre's stages, then the handler's, then those of duties beside the handling. At rest is a
case that had ended and was reopened."""
UNIT_STAGES = ("sign_for", "handle", "return")
MAIN_LINE = ("report", "register", "file", "dispatch", "sign_for", "handle", "check", "close")

_desk = ("reported", "verified", "registered")
_with_unit = ("dispatched", "handling", "return_requested")
_working = ("dispatched", "handling")
_result = ("handled", "fed_back")
_open = (*_desk, "verifying", "filed", *_with_unit, *_result, "checked")

S, C = Axis.SUPERVISION, Axis.COMMAND
STEPS: dict[str, Step] = {
    step.name: step
    for step in (
        # At the desk.
        Step("report", N_("Report"), (), "reported", "reports.create", S, "register", needs=("opening",)),
        Step("ask_verification", N_("Ask for verification"), ("reported",), "verifying",
             "cases.ask_verification", S, "verify"),
        Step("pre_verify", N_("Verify"), ("verifying",), "verified", "cases.pre_verify", S, "register",
             needs=("verdict",)),
        Step("register", N_("Register"), ("reported", "verified"), "registered", "cases.register", S, "file"),
        Step("file", N_("File"), ("registered",), "filed", "cases.file", S, "dispatch", needs=("rule",)),
        Step("refuse", N_("Refuse"), _desk, "refused", "cases.refuse", S, END, needs=("reason",)),
        Step("withdraw", N_("Withdraw for the reporter"), (*_desk, "verifying"), "withdrawn", "cases.withdraw", S, END,
             needs=("reason",)),
        Step("merge", N_("Merge into another case"), (*_desk, "verifying", "filed", *_working), "merged",
             "cases.merge", S, END, Effect("ends", "merged"), needs=("other",)),
        Step("unmerge", N_("Take the merge back"), ("merged",), "registered", "cases.merge", S, "file",
             needs=("reason",)),
        # Out and back.
        Step("dispatch", N_("Dispatch"), ("filed",), "dispatched", "cases.dispatch", C, "out", HANDS_OUT,
             needs=("organisation",), wants=("delivery",)),
        Step("rule_dispatch", N_("Dispatch by ruling"), ("filed",), "dispatched", "cases.rule_dispatch", C, "out",
             HANDS_OUT, needs=("organisation", "basis"), wants=("delivery",)),
        Step("sign_for", N_("Sign for"), ("dispatched",), "handling", "cases.sign_for", C,
             unit=Effect("moves", "handle")),
        Step("request_return", N_("Ask to return"), _working, "return_requested", "cases.request_return", C,
             "rule_return", Effect("moves", "return"), needs=("reason",), wants=("disputed", "other", "basis")),
        Step("grant_return", N_("Grant the return"), ("return_requested",), "filed", "cases.decide_return", C,
             "dispatch", Effect("ends", "returned")),
        Step("deny_return", N_("Deny the return"), ("return_requested",), "handling", "cases.decide_return", C,
             "out", Effect("rules", "handle"), needs=("reason",)),
        Step("handle", N_("Handle"), ("handling",), "handled", "cases.handle", C, "check",
             Effect("ends", "handled"), needs=("result",), wants=("means",)),
        Step("feed_back", N_("Feed back"), ("handled",), "fed_back", "cases.feed_back", C, "check"),
        # Checked, closed, and what comes after.
        Step("check", N_("Check"), _result, "checked", "cases.check", S, "close", needs=("verdict",)),
        Step("rework", N_("Send back for rework"), (*_result, "checked"), "dispatched", "cases.check", S, "out",
             HANDS_BACK, needs=("reason",)),
        Step("close", N_("Close"), ("checked",), "closed", "cases.close", S, END, needs=("closing_kind",)),
        Step("redo", N_("Do it over, the citizen is not satisfied"), ("closed",), "dispatched", "cases.redo", S, "out",
             HANDS_BACK, needs=("reason",)),
        Step("reopen", N_("Reopen"), ("closed", "refused", "withdrawn", "void"), "registered", "cases.reopen", S,
             "file", needs=("reason",)),
        Step("recur", N_("It came back: open a new case"), ("closed",), KEEP, "cases.register", S, needs=("reason",)),
        Step("void", N_("Void"), _open, "void", "cases.void", S, END, Effect("ends", "void"), needs=("reason",)),
        # Rolled back: to the stage before.
        Step("roll_back", N_("Roll back to the desk"), ("registered",), "reported", "cases.roll_back", S, "register",
             needs=("reason",)),
        Step("roll_back_filing", N_("Roll back to filing"), ("filed",), "registered", "cases.roll_back_filing", C,
             "file", needs=("reason",)),
        Step("roll_back_dispatch", N_("Call the dispatch back"), _working, "filed", "cases.dispatch", C,
             "dispatch", Effect("ends", "called_back"), needs=("reason",)),
        Step("roll_back_check", N_("Have it checked again"), ("checked",), "fed_back", "cases.roll_back", S, "check",
             needs=("reason",)),
        # Duties beside the handling: the case stays where it is.
        Step("delegate", N_("Hand down to a body below"), ("handling",), KEEP, "cases.delegate", C,
             needs=("organisation",), wants=("within", "delivery")),
        Step("call_in", N_("Call in an assistant"), ("handling",), KEEP, "cases.delegate", C,
             needs=("organisation",), wants=("within", "delivery")),
        Step("make_safe", N_("Have it made safe at once"), ("registered", "filed", *_with_unit), KEEP,
             "cases.make_safe", C, needs=("organisation",), wants=("within", "delivery")),
        Step("whistle", N_("Blow the whistle for departments"), ("filed", *_with_unit, *_result), KEEP,
             "cases.whistle", C, needs=("organisations", "urgency", "reason")),
        Step("set_up", N_("Set up what belongs together"), ("registered", "filed", *_with_unit), KEEP,
             "cases.set_up", C, needs=("scenario",)),
        Step("consult", N_("Ask for opinions"), ("filed", *_with_unit), KEEP, "cases.consult", C,
             needs=("organisations", "reason"), wants=("within", "delivery")),
        Step("settle", N_("Settle whose duty it is"), ("filed", *_with_unit, *_result), KEEP, "cases.settle", C,
             needs=("organisation", "tier", "basis")),
        Step("sign_duty", N_("Sign for a duty"), _open, KEEP, "cases.do_duty", C, needs=("duty",)),
        Step("arrive", N_("Report in on the spot"), _open, KEEP, "cases.do_duty", C, needs=("duty",)),
        Step("finish_duty", N_("Report a duty as done"), _open, KEEP, "cases.do_duty", C, needs=("duty", "result")),
        Step("accept_duty", N_("Accept a duty as done"), _open, KEEP, "cases.judge_duty", C, needs=("duty",),
             wants=("rating",)),
        Step("reject_duty", N_("Send a duty back"), _open, KEEP, "cases.judge_duty", C, needs=("duty", "reason")),
        Step("recall_duty", N_("Call a duty back"), _open, KEEP, "cases.judge_duty", C, needs=("duty", "reason")),
        # Beside the line: the case stays where it is.
        Step("finish_part", N_("Finish a part"), ("handling",), KEEP, "cases.handle", C,
             unit=Effect("moves", "handle"), needs=("result",), wants=("means",)),
        Step("ask_extension", N_("Ask for more time"), _working, KEEP, "cases.ask_hold", C,
             needs=("reason", "extension")),
        Step("ask_deferral", N_("Ask to defer"), _working, KEEP, "cases.ask_hold", C, needs=("reason", "until")),
        Step("ask_shelving", N_("Ask to shelve"), _working, KEEP, "cases.ask_hold", C,
             needs=("reason", "review_on", "measures")),
        Step("grant_hold", N_("Grant the request"), _working, KEEP, "cases.decide_hold", C),
        Step("deny_hold", N_("Deny the request"), _working, KEEP, "cases.decide_hold", C, needs=("reason",)),
        Step("end_hold", N_("Take up again"), _working, KEEP, "cases.end_hold", C),
        Step("split", N_("Split off a case"), _open, KEEP, "cases.split", S, needs=("reason",)),
        Step("link", N_("Link to another case"), _open, KEEP, "cases.link", S, needs=("other", "link")),
        Step("unlink", N_("Take a link away"), _open, KEEP, "cases.link", S, needs=("other", "reason")),
        Step("warn", N_("Warn"), _with_unit, KEEP, "cases.remind", C),
        Step("remind", N_("Remind"), _with_unit, KEEP, "cases.remind", C),
        Step("propose_supervision", N_("Propose a supervision order"), _with_unit, KEEP, "cases.remind", C),
        Step("order", N_("Order from above"), ("filed", *_with_unit, *_result, "checked"), KEEP, "orders.issue", C,
             needs=("order",)),
        Step("recount", N_("Count the time anew"), _open, KEEP, "cases.recount", S, needs=("recounted",)),
    )
}  # fmt: skip

STEPS_FROM: dict[str, tuple[str, ...]] = {
    state: tuple(name for name, step in STEPS.items() if state in step.sources) for state in STATES
}
STANDBY = frozenset({
    *("void", "withdraw", "merge", "split", "link", "unlink", "roll_back", "roll_back_dispatch", "roll_back_check"),
    *("end_hold", "grant_hold", "deny_hold", "warn", "remind", "propose_supervision", "order", "recount"),
    *("delegate", "call_in", "make_safe", "whistle", "set_up", "consult", "settle"),
    *("sign_duty", "arrive", "finish_duty", "accept_duty", "reject_duty", "recall_duty"),
})  # fmt: skip
"""Steps that are possible nearly always, or about a duty only: that one may take them makes a case nobody's work."""
BY_ITSELF = frozenset({"warn", "recount", "order"})
"""Steps that the system takes, or another room takes along, and nobody is offered."""
HOLDS = {"ask_extension": "extension", "ask_deferral": "deferral", "ask_shelving": "shelving"}
"""What each request asks for."""
HOLD_KINDS = {"extension": N_("extension"), "deferral": N_("deferral"), "shelving": N_("shelving")}
ON_A_REQUEST = frozenset({"grant_hold", "deny_hold"})
GIVES = {
    "delegate": "delegate",
    "call_in": "assist",
    "make_safe": "make_safe",
    "whistle": "report_in",
    "consult": "consult",
}
"""The kind of duty that each step gives."""
REPORTS_IN = GIVES["whistle"]
GIVING = frozenset({*GIVES, "set_up"})
"""Steps that give duties; a scenario those that the city has put together."""
GIVER = {kind: STEPS[name].permission for name, kind in GIVES.items()}
"""Who judges a duty of a kind needs the permission to give it besides."""
DUTIES = {
    "delegate": N_("handed down"),
    "assist": N_("assistant"),
    "make_safe": N_("makes it safe"),
    "report_in": N_("called by whistle"),
    "consult": N_("asked for an opinion"),
}
NESTED = frozenset({"delegate", "assist"})
"""Duties that are a part of the unit's handling; their clocks lie inside the one above."""
DOES_DUTY = frozenset({"sign_duty", "arrive", "finish_duty"})
JUDGES_DUTY = frozenset({"accept_duty", "reject_duty", "recall_duty"})
ON_A_DUTY = DOES_DUTY | JUDGES_DUTY
TAKES_A_DUTY = ON_A_DUTY | {"delegate"}
"""Steps that may be about a duty; whoever does one may hand it down further."""
ANSWERED_FOR = frozenset({
    *("sign_for", "request_return", "handle", "finish_part", "ask_extension", "ask_deferral", "ask_shelving"),
    *DOES_DUTY,
})  # fmt: skip
"""What is entered for a body that is served by letter, by phone, or on another platform."""
OPENS = {"split": "split_from", "recur": "recurs_of"}
"""Steps that open a new case, and how it is linked to the old one."""
NEW_FOUND = "solved_but_new"
"""The verdict of a check that opens a new case, which recurs of the old one."""
SATISFYING = frozenset({"solved", NEW_FOUND})
"""Verdicts with which a case may be closed."""
ESCALATIONS = ("warn", "remind", "propose_supervision")
"""What the sweep may do at a share of a limit; each is told once for each deadline."""

FACTS = {
    "opening": N_("what the case is opened with"),
    "rule": N_("a row of the rule book"),
    "situation": N_("the situation"),
    "organisation": N_("an organisation"),
    "reason": N_("a reason"),
    "result": N_("the result"),
    "verdict": N_("a verdict"),
    "closing_kind": N_("a closing kind"),
    "extension": N_("how much more time"),
    "until": N_("until when"),
    "review_on": N_("a day for looking at it again"),
    "measures": N_("measures that keep it safe"),
    "recounted": N_("what is counted anew"),
    "basis": N_("the document it rests on"),
    "means": N_("the means"),
    "other": N_("another case"),
    "link": N_("the kind of link"),
    "disputed": N_("the row of the ledger that is disputed"),
    "photos": N_("a photo"),
    "note": N_("a note"),
    "opened": N_("the case that was opened"),
    "told_at": N_("the time that was told"),
    "place": N_("where it was done"),
    "order": N_("the order"),
    "organisations": N_("the bodies"),
    "urgency": N_("how urgent it is"),
    "within": N_("within what time"),
    "delivery": N_("how it is delivered"),
    "duty": N_("the duty"),
    "rating": N_("a rating"),
    "scenario": N_("the scenario"),
    "tier": N_("the tier of the duty"),
    "behalf": N_("entered on its behalf, which is served by"),
}
"""What the needs of the steps are called."""
FACT_KINDS = {
    "rule": "category",
    "situation": "choice",
    "organisation": "organisation",
    "reason": "text",
    "result": "text",
    "verdict": "choice",
    "closing_kind": "choice",
    "extension": "limit",
    "until": "instant",
    "review_on": "day",
    "measures": "text",
    "basis": "text",
    "means": "choice",
    "other": "case",
    "link": "choice",
    "disputed": "text",
    "organisations": "organisations",
    "urgency": "choice",
    "within": "limit",
    "delivery": "choice",
    "rating": "choice",
    "scenario": "choice",
    "tier": "choice",
}
"""What a person is asked for; `CHOICES` says where words are chosen from a list."""
RETURN_REASONS = {
    "not_ours": N_("not ours"),
    "place_unclear": N_("place unclear"),
    "not_found": N_("not found"),
    "permitted": N_("permitted"),
    "already_done": N_("already done"),
    "duplicate": N_("duplicate"),
    "beyond_authority": N_("beyond authority"),
}
RETURN_PROOFS = {
    "not_ours": "disputed",
    "place_unclear": "note",
    "not_found": "photos",
    "permitted": "basis",
    "already_done": "photos",
    "duplicate": "other",
    "beyond_authority": "basis",
}
"""What proves each reason: the ledger row it disputes, a document, the other case, a photo, or words."""
VERDICTS = {
    "true": N_("true"),
    "false": N_("not true"),
    "solved": N_("solved"),
    NEW_FOUND: N_("solved, but there is a new one"),
    "not_solved": N_("not solved"),
    "cannot_check": N_("cannot be checked"),
    "wrong_place": N_("wrong place"),
}
MEANS = {"service": N_("service"), "management": N_("management"), "enforcement": N_("enforcement")}
DELIVERIES = {
    "inbox": N_("inbox"),
    "letter": N_("letter"),
    "phone": N_("phone"),
    "platform": N_("another platform"),
}
INBOX = "inbox"
URGENCIES = {"daily": N_("daily matter"), "hard": N_("hard matter"), "urgent": N_("emergency")}
RATINGS = {"good": N_("good"), "fair": N_("fair"), "poor": N_("poor")}
LINKS = {
    "duplicate_of": N_("duplicate of"),
    "recurs_of": N_("recurs of"),
    "split_from": N_("split from"),
    "part_of": N_("part of"),
    "caused_by": N_("caused by"),
}
"""How one case may be tied to another."""
CHOICES: dict[str, dict[str, dict[str, str]]] = {
    "request_return": {"reason": RETURN_REASONS},
    "pre_verify": {"verdict": {word: VERDICTS[word] for word in ("true", "false")}},
    "check": {"verdict": {word: title for word, title in VERDICTS.items() if word not in ("true", "false")}},
    "handle": {"means": MEANS},
    "finish_part": {"means": MEANS},
    "link": {"link": {word: LINKS[word] for word in ("part_of", "caused_by", "recurs_of")}},
    "close": {"closing_kind": CLOSING_KINDS},
    "dispatch": {"delivery": DELIVERIES},
    "rule_dispatch": {"delivery": DELIVERIES},
    "delegate": {"delivery": DELIVERIES},
    "call_in": {"delivery": DELIVERIES},
    "make_safe": {"delivery": DELIVERIES},
    "consult": {"delivery": DELIVERIES},
    "whistle": {"urgency": URGENCIES},
    "accept_duty": {"rating": RATINGS},
    "settle": {"tier": TIER_TITLES},
}
"""The words that a step takes for a fact, with their titles."""

ROUTES = {"full": N_("full")}
"""The ways round the loop; each case goes one of them."""
PASSES: dict[str, frozenset[str]] = {"full": frozenset(STEPS)}
"""The steps that a case may take on each route."""
