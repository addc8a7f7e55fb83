"""Propose and assign whoever is responsible."""

from datetime import datetime

from cityloop.ground.accounts.tree import OrganisationValue
from cityloop.ground.places.locate import Place
from cityloop.ground.registry.ledger import CONTRACTOR, Answer, Finding
from cityloop.ground.registry.queries import ledger_of, question
from cityloop.ground.standards.queries import RuleValue
from cityloop.loop.cases.facts import Facts
from cityloop.loop.cases.rows import CaseRow
from cityloop.loop.clocks.ground import Ground


def ask(rule: RuleValue, place: Place, ground: Ground, at: datetime) -> Answer:
    """What the ledger says of a rule at a place and an instant."""
    here = ground.city
    asked = question(here, (rule.category, rule.major), place, at, situation=rule.situation)
    return ledger_of(here.revision).who_answers_for(asked)


def propose(case: CaseRow, ground: Ground) -> Answer:
    """Who answers for a case by the ledger as it stood when the case was opened."""
    rule = ground.rules.by_id[case.rule_id] if case.rule_id else None
    place = Place(case.lon, case.lat, case.grid_id, case.areas, "")
    return ask(rule, place, ground, case.opened_at) if rule else Answer(Finding.GAP, ())


def assignment_facts(organisation: OrganisationValue, answer: Answer | None) -> Facts:
    """What a dispatch to `organisation` brings along; `answer` is the ledger's, where it decided."""
    duty = answer.duties[0] if answer and answer.duties else None
    return Facts(
        organisation=organisation.id,
        organisation_path=organisation.path,
        contractor=duty.party(CONTRACTOR) if duty else None,
        ledger_row=duty.id if duty else None,
    )
