"""The loop on one screen. The diagram in the docs, the permission matrix and the checks are made from this table.

A case runs on two tracks. The centre's own assignment holds the main track: its stages tile the case from report
to end. While it is `out`, the handler's assignment, nested in it, has stages of its own.
"""

from dataclasses import dataclass
from typing import NamedTuple

from cityloop.core.texts import N_
from cityloop.core.units import Axis
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
    "checked": N_("checked"),
    "closed": N_("closed"),
    "refused": N_("refused"),
    "void": N_("void"),
}
ENDED = frozenset({"closed", "refused", "void"})
STAGES: dict[str, str] = {
    "register": N_("registering"),
    "verify": N_("verifying"),
    "file": N_("filing"),
    "dispatch": N_("dispatching"),
    "out": N_("out for handling"),
    "rule_return": N_("deciding on the return"),
    "check": N_("checking"),
    "close": N_("closing"),
    "sign_for": N_("signing for"),
    "handle": N_("handling"),
    "return": N_("waiting for the return"),
}
"""Where a track stands: the centre's stages, then the handler's."""
MAIN_LINE = ("report", "register", "file", "dispatch", "sign_for", "handle", "check", "close")

_desk = ("reported", "verified", "registered")
_with_unit = ("dispatched", "handling", "return_requested")
_working = ("dispatched", "handling")
_open = (*_desk, "verifying", "filed", *_with_unit, "handled", "checked")

S, C = Axis.SUPERVISION, Axis.COMMAND
STEPS: dict[str, Step] = {
    step.name: step
    for step in (
        Step("report", N_("Report"), (), "reported", "reports.create", S, "register", needs=("opening",)),
        Step("ask_verification", N_("Ask for verification"), ("reported",), "verifying",
             "cases.ask_verification", S, "verify"),
        Step("pre_verify", N_("Verify"), ("verifying",), "verified", "cases.pre_verify", S, "register",
             needs=("verdict",)),
        Step("register", N_("Register"), ("reported", "verified"), "registered", "cases.register", S, "file"),
        Step("file", N_("File"), ("registered",), "filed", "cases.file", S, "dispatch", needs=("rule",)),
        Step("refuse", N_("Refuse"), _desk, "refused", "cases.refuse", S, END, needs=("reason",)),
        Step("dispatch", N_("Dispatch"), ("filed",), "dispatched", "cases.dispatch", C, "out", HANDS_OUT,
             needs=("organisation",)),
        Step("sign_for", N_("Sign for"), ("dispatched",), "handling", "cases.sign_for", C,
             unit=Effect("moves", "handle")),
        Step("request_return", N_("Ask to return"), ("dispatched", "handling"), "return_requested",
             "cases.request_return", C, "rule_return", Effect("moves", "return"), needs=("reason",)),
        Step("grant_return", N_("Grant the return"), ("return_requested",), "filed", "cases.decide_return", C,
             "dispatch", Effect("ends", "returned")),
        Step("deny_return", N_("Deny the return"), ("return_requested",), "handling", "cases.decide_return", C,
             "out", Effect("rules", "handle"), needs=("reason",)),
        Step("handle", N_("Handle"), ("handling",), "handled", "cases.handle", C, "check",
             Effect("ends", "handled"), needs=("result",)),
        Step("check", N_("Check"), ("handled",), "checked", "cases.check", S, "close", needs=("verdict",)),
        Step("rework", N_("Send back for rework"), ("handled",), "dispatched", "cases.check", S, "out", HANDS_BACK,
             needs=("reason",)),
        Step("close", N_("Close"), ("checked",), "closed", "cases.close", S, END, needs=("closing_kind",)),
        Step("void", N_("Void"), _open, "void", "cases.void", S, END, Effect("ends", "void"), needs=("reason",)),
        # Beside the line: the case stays where it is.
        Step("finish_part", N_("Finish a part"), ("handling",), KEEP, "cases.handle", C,
             unit=Effect("moves", "handle"), needs=("result",)),
        Step("ask_extension", N_("Ask for more time"), _working, KEEP, "cases.ask_hold", C,
             needs=("reason", "extension")),
        Step("ask_deferral", N_("Ask to defer"), _working, KEEP, "cases.ask_hold", C, needs=("reason", "until")),
        Step("ask_shelving", N_("Ask to shelve"), _working, KEEP, "cases.ask_hold", C,
             needs=("reason", "review_on", "measures")),
        Step("grant_hold", N_("Grant the request"), _working, KEEP, "cases.decide_hold", C),
        Step("deny_hold", N_("Deny the request"), _working, KEEP, "cases.decide_hold", C, needs=("reason",)),
        Step("end_hold", N_("Take up again"), _working, KEEP, "cases.end_hold", C),
        Step("warn", N_("Warn"), _with_unit, KEEP, "cases.remind", C),
        Step("remind", N_("Remind"), _with_unit, KEEP, "cases.remind", C),
        Step("propose_supervision", N_("Propose a supervision order"), _with_unit, KEEP, "cases.remind", C),
        Step("order", N_("Order from above"), ("filed", *_with_unit, "handled", "checked"), KEEP, "orders.issue", C,
             needs=("order",)),
        Step("recount", N_("Count the time anew"), _open, KEEP, "cases.recount", S, needs=("recounted",)),
    )
}  # fmt: skip

STEPS_FROM: dict[str, tuple[str, ...]] = {
    state: tuple(name for name, step in STEPS.items() if state in step.sources) for state in STATES
}
STANDBY = frozenset(
    {"void", "end_hold", "grant_hold", "deny_hold", "warn", "remind", "propose_supervision", "order", "recount"}
)
"""Steps that are possible nearly always: that one may take them makes a case nobody's work."""
BY_ITSELF = frozenset({"warn", "recount", "order"})
"""Steps that the system takes, or another room takes along, and nobody is offered."""
HOLDS = {"ask_extension": "extension", "ask_deferral": "deferral", "ask_shelving": "shelving"}
"""What each request asks for."""
HOLD_KINDS = {"extension": N_("extension"), "deferral": N_("deferral"), "shelving": N_("shelving")}
ON_A_REQUEST = frozenset({"grant_hold", "deny_hold"})
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
    "order": N_("the order"),
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
VERDICTS = {"true": N_("true"), "false": N_("not true"), "solved": N_("solved")}
CHOICES: dict[str, dict[str, dict[str, str]]] = {
    "request_return": {"reason": RETURN_REASONS},
    "pre_verify": {"verdict": {word: VERDICTS[word] for word in ("true", "false")}},
    "check": {"verdict": {"solved": VERDICTS["solved"]}},
    "close": {"closing_kind": CLOSING_KINDS},
}
"""The words that a step takes for a fact, with their titles."""
