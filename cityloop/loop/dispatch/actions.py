"""Propose and assign whoever is responsible."""

from datetime import date

from cityloop.ground.accounts.tree import OrganisationValue
from cityloop.ground.registry.ledger import CONTRACTOR, Answer, Ledger
from cityloop.ground.registry.queries import ledger
from cityloop.ground.standards.queries import RuleValue
from cityloop.loop.cases.facts import Facts
from cityloop.loop.cases.rows import CaseRow
from cityloop.loop.clocks.ground import Ground


def ask(rule: RuleValue, areas: tuple[int, ...], grid: int | None, *, at: date, duties: Ledger | None = None) -> Answer:
    """What the ledger says; one statement, or none where the duties are at hand."""
    categories = (rule.category, rule.major)
    return (duties or ledger(categories)).who_answers_for(categories, areas, at=at, grid=grid)


def propose(case: CaseRow, ground: Ground) -> Answer:
    """Who answers for a case by the ledger as it stood when the case was opened."""
    rule = ground.rules.by_id[case.rule_id] if case.rule_id else None
    if rule is None:
        return Ledger(()).who_answers_for((), case.areas, at=ground.city.day(case.opened_at))
    return ask(rule, case.areas, case.grid_id, at=ground.city.day(case.opened_at))


def assignment_facts(organisation: OrganisationValue, answer: Answer | None) -> Facts:
    """What a dispatch to `organisation` brings along; `answer` is the ledger's, where it decided."""
    duty = answer.duties[0] if answer and answer.duties else None
    return Facts(
        organisation=organisation.id,
        organisation_path=organisation.path,
        contractor=duty.party(CONTRACTOR) if duty else None,
        ledger_row=duty.id if duty else None,
    )
