"""What each role may do. A post carries a role; who holds the post may do this in the post's area.

Permissions are plain words `room.verb`; steps of the lifecycle and operations of the API name them.
Supervision and command are kept apart: who finds, files and checks does not dispatch or handle.
"""

from dataclasses import dataclass

from cityloop.core.texts import N_
from cityloop.core.units import Axis

PERMISSIONS: dict[str, str] = {
    "reports.create": N_("Hand in a report"),
    "reports.judge": N_("Let held reports in or discard them"),
    "reports.contact": N_("See a reporter's contact unmasked"),
    "replies.read": N_("Read the duties to answer reports"),
    "replies.answer": N_("Sign for reports, answer them, return them, enter call-backs"),
    "cases.read": N_("Read cases"),
    "cases.pre_verify": N_("Say whether a report is true on site"),
    "cases.ask_verification": N_("Ask for a verification on site"),
    "cases.register": N_("Take a report in"),
    "cases.file": N_("File a case"),
    "cases.refuse": N_("Refuse a case"),
    "cases.dispatch": N_("Dispatch a case"),
    "cases.sign_for": N_("Sign for a dispatch"),
    "cases.request_return": N_("Ask to return a dispatch"),
    "cases.decide_return": N_("Decide on a return request"),
    "cases.handle": N_("Report a case as handled"),
    "cases.ask_hold": N_("Ask for more time"),
    "cases.decide_hold": N_("Decide on requests for more time"),
    "cases.end_hold": N_("Take up again what was deferred or shelved"),
    "cases.remind": N_("Warn and remind units, propose supervision orders"),
    "cases.withdraw": N_("Withdraw a report on its sender's word"),
    "cases.merge": N_("Merge cases, and take a merge back"),
    "cases.link": N_("Link cases to each other"),
    "cases.split": N_("Split a case off another"),
    "cases.rule_dispatch": N_("Dispatch by ruling: it cannot be returned"),
    "cases.roll_back": N_("Roll a case back at the desk"),
    "cases.roll_back_filing": N_("Roll a filed case back to the desk"),
    "cases.feed_back": N_("Feed a result back for the check"),
    "cases.redo": N_("Have a closed case done over"),
    "cases.reopen": N_("Reopen a case that has ended"),
    "cases.delegate": N_("Hand work down, and call assistants in"),
    "cases.make_safe": N_("Have somebody make it safe at once"),
    "cases.whistle": N_("Blow the whistle for departments"),
    "cases.set_up": N_("Set up scenarios: duties that belong together"),
    "cases.consult": N_("Ask bodies for their opinions"),
    "cases.settle": N_("Settle whose duty it is, after those concerned were heard"),
    "cases.do_duty": N_("Sign for duties, report in, and report them as done"),
    "cases.judge_duty": N_("Accept duties that one gave, send or call them back"),
    "cases.answer_for": N_("Enter what bodies without an inbox answer"),
    "cases.recount": N_("Count deadlines anew after a calendar changed"),
    "cases.check": N_("Check the result on site"),
    "cases.close": N_("Close a case"),
    "cases.void": N_("Void a case"),
    "orders.read": N_("Read orders"),
    "orders.remind": N_("Issue reminders"),
    "orders.issue": N_("Issue supervision orders"),
    "orders.instruct": N_("Issue leader's instructions and conference matters"),
    "orders.sign": N_("Sign orders before they are issued"),
    "orders.answer": N_("Sign for orders and reply to them"),
    "orders.judge": N_("Accept replies to orders or send them back"),
    "rules.read": N_("Read the rule book"),
    "rules.propose": N_("Propose changes of the rule book"),
    "rules.approve": N_("Decide on proposals for the rule book"),
    "ledger.read": N_("Read the responsibility ledger, its gaps and disputes"),
    "ledger.propose": N_("Propose changes of the ledger, record handovers"),
    "ledger.consent": N_("Consent to changes of the ledger for one's own organisation"),
    "ledger.approve": N_("Decide on proposals for the ledger"),
    "objects.read": N_("See layers and what stands in the city"),
    "objects.edit": N_("Take in and change what stands in the city"),
    "evaluation.read": N_("Read the evaluation"),
    "audit.read": N_("Verify chains and seals"),
    "accounts.manage": N_("Manage users, tenures and tokens"),
    "city.set_up": N_("Change organisations, posts, categories and calendars"),
    "admin.use": N_("Maintain the city's data"),
}


@dataclass(frozen=True, slots=True)
class Role:
    """`handles`: holders act only for assignments of their own organisation and those below it. `assesses`: holders sit
    in no body that is assessed, that is, that handles or lies below one that does."""

    key: str
    title: str
    axis: Axis
    permissions: frozenset[str]
    handles: bool = False
    assesses: bool = False


def _role(key: str, title: str, axis: Axis, permissions: str, *, handles: bool = False, assesses: bool = False) -> Role:
    return Role(key, title, axis, frozenset(permissions.split()), handles, assesses)


ROLES: dict[str, Role] = {
    role.key: role
    for role in (
        _role(
            "collector",
            N_("Collector"),
            Axis.SUPERVISION,
            "reports.create cases.read cases.pre_verify cases.check rules.read objects.read",
        ),
        _role(
            "acceptor",
            N_("Acceptor"),
            Axis.SUPERVISION,
            "reports.create reports.judge reports.contact replies.read replies.answer cases.read cases.register "
            "cases.ask_verification cases.withdraw cases.merge cases.link cases.split cases.redo rules.read "
            "ledger.read objects.read",
        ),
        _role(
            "shift_leader",
            N_("Shift leader"),
            Axis.SUPERVISION,
            "reports.create reports.judge reports.contact replies.read replies.answer cases.read "
            "cases.ask_verification cases.register cases.file "
            "cases.refuse cases.withdraw cases.merge cases.link cases.split cases.roll_back cases.check cases.close "
            "cases.redo cases.reopen cases.void orders.read rules.read ledger.read objects.read evaluation.read",
        ),
        _role(
            "dispatcher",
            N_("Dispatcher"),
            Axis.COMMAND,
            "cases.read cases.dispatch cases.roll_back_filing cases.feed_back cases.decide_return cases.decide_hold "
            "cases.end_hold cases.remind cases.make_safe cases.set_up cases.consult cases.judge_duty cases.answer_for "
            "orders.read orders.remind rules.read ledger.read objects.read evaluation.read",
        ),
        _role(
            "section_chief",
            N_("Chief of the dispatch section"),
            Axis.COMMAND,
            "cases.read cases.dispatch cases.rule_dispatch cases.roll_back_filing cases.feed_back cases.decide_return "
            "cases.decide_hold cases.end_hold cases.remind cases.make_safe cases.set_up cases.consult cases.settle "
            "cases.judge_duty cases.answer_for orders.read orders.remind rules.read ledger.read objects.read "
            "evaluation.read",
        ),
        _role(
            "command_leader",
            N_("Leader of the command centre"),
            Axis.COMMAND,
            "cases.read cases.rule_dispatch cases.decide_hold orders.read rules.read ledger.read objects.read "
            "evaluation.read",
        ),
        _role(
            "main_leader",
            N_("Main leader"),
            Axis.COMMAND,
            "cases.read cases.decide_hold orders.read rules.read ledger.read objects.read evaluation.read",
        ),
        _role(
            "supervision_officer",
            N_("Supervision officer"),
            Axis.COMMAND,
            "cases.read orders.read orders.remind orders.issue orders.judge rules.read ledger.read objects.read",
        ),
        _role(
            "chief",
            N_("Chief who blows the whistle"),
            Axis.COMMAND,
            "cases.read cases.whistle cases.set_up cases.judge_duty orders.read rules.read ledger.read objects.read",
        ),
        _role(
            "handler",
            N_("Handler"),
            Axis.COMMAND,
            "cases.read cases.sign_for cases.request_return cases.handle cases.ask_hold cases.end_hold cases.delegate "
            "cases.do_duty cases.judge_duty orders.read orders.answer rules.read ledger.read ledger.consent "
            "objects.read",
            handles=True,
        ),
        _role(
            "evaluator",
            N_("Evaluator"),
            Axis.SUPERVISION,
            "replies.read cases.read orders.read rules.read ledger.read objects.read evaluation.read",
            assesses=True,
        ),
        _role(
            "auditor",
            N_("Auditor"),
            Axis.SUPERVISION,
            "cases.read orders.read rules.read ledger.read objects.read evaluation.read audit.read",
        ),
        _role(
            "administrator",
            N_("Administrator"),
            Axis.SUPERVISION,
            "accounts.manage admin.use city.set_up rules.read ledger.read objects.read objects.edit evaluation.read",
        ),
        _role(
            "rule_editor",
            N_("Rule-book editor"),
            Axis.SUPERVISION,
            "rules.read ledger.read objects.read rules.propose",
        ),
        _role(
            "ledger_keeper",
            N_("Ledger keeper"),
            Axis.SUPERVISION,
            "cases.read rules.read objects.read ledger.read ledger.propose",
        ),
        _role(
            "leader",
            N_("Centre leader"),
            Axis.SUPERVISION,
            "replies.read cases.read orders.read orders.sign orders.instruct rules.read objects.read rules.approve "
            "ledger.read ledger.approve evaluation.read",
        ),
        _role("machine", N_("Reporting machine"), Axis.SUPERVISION, "reports.create"),
    )
}
