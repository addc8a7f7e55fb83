"""One pass over a report: where, what, who answers. Each is a pure function of what the city is."""

from typing import NamedTuple

from cityloop.ground.places.locate import AreaMap, Place
from cityloop.ground.registry.ledger import Answer, Finding
from cityloop.ground.standards.queries import RuleValue
from cityloop.loop.clocks.ground import Ground
from cityloop.loop.dispatch.actions import ask
from cityloop.loop.intake.facts.what import what
from cityloop.loop.intake.facts.where import where
from cityloop.loop.intake.report import FactValue, Report


class Learned(NamedTuple):
    """What is known about a report; `answer` is None where the rule is."""

    place: Place
    rule: RuleValue | None
    answer: Answer | None
    facts: list[FactValue]


def learn(report: Report, place: Place, areas: AreaMap, ground: Ground) -> Learned:
    """All that can be learned at once about a report located as `place`."""
    day = ground.city.day(report.happened_at)
    facts = where(report, place, areas)
    rule, missing = what(report, ground.rules, day)
    facts += missing
    if rule is None:
        return Learned(place, None, None, facts)
    answer = ask(rule, place, ground, report.happened_at)
    if answer.finding is not Finding.NAMED:
        facts.append(FactValue("answers", answer.finding.value, "ledger"))
    return Learned(place, rule, answer, facts)
