"""What: the category that the report names, under the rule book of its day."""

from datetime import date

from cityloop.core.errors import Unknown
from cityloop.ground.standards.queries import RuleBook, RuleValue
from cityloop.loop.intake.report import FactValue, Report


def what(report: Report, rules: RuleBook, on: date) -> tuple[RuleValue | None, list[FactValue]]:
    """The rule a report falls under, or the fact that says what is missing."""
    if not report.category:
        return None, [FactValue("category_missing", None, report.channel)]
    try:
        return rules.settled(report.category, on), []
    except Unknown:
        return None, [FactValue("category_unknown", report.category, report.channel)]
