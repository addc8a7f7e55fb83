"""What is counted, and what is made of the counts. An auditor reads this page.

Every count is a number of cases: of those that the basis selects (`BASES`), the ones that meet its condition.
Conditions speak about one case as it was known at the instant of the evaluation, in the words of `facts.CASES`:

    opened_at   when the case was opened
    due_at      deadline of the handling, null where the rule book sets none
    closed      the case has been closed; `closed_at` is when, null while it is open
    late        the deadline passed before the handling ended, or has passed while it goes on
    fell_due    there is a deadline, and it has passed or the case has been closed

Cases that ended otherwise than closed (refused, merged, withdrawn, void) by then belong to no population. The base of a
rate stands in its name; leaving work open cannot improve one, and as only counts are summed, areas, organisations and
months add up.
"""

from dataclasses import dataclass
from fractions import Fraction

from cityloop.core.texts import N_


@dataclass(frozen=True, slots=True)
class Indicator:
    """A count. `revision` changes with its meaning: published scores keep the one they were made with."""

    key: str
    title: str
    condition: str
    revision: int = 1


@dataclass(frozen=True, slots=True)
class Rate:
    """The sum of some counts over the sum of others; no data where the latter is nought."""

    key: str
    title: str
    above: tuple[str, ...]
    below: tuple[str, ...]
    revision: int = 1

    def of(self, counts: dict[str, int]) -> Fraction | None:
        base = sum(counts[key] for key in self.below)
        return Fraction(sum(counts[key] for key in self.above), base) if base else None


@dataclass(frozen=True, slots=True)
class Basis:
    """Which cases belong to a period: those that meet the condition and whose instant lies in it."""

    condition: str
    instant: str

    @property
    def population(self) -> str:
        return f"{self.condition} AND {self.instant} >= %(start)s AND {self.instant} < %(end)s"


BASES: dict[str, Basis] = {
    # Once for each case: where it closed before its deadline, in the period of its closing. So months add up.
    "due": Basis("fell_due", "least(due_at, closed_at)"),
    "reported": Basis("TRUE", "opened_at"),
    "closed": Basis("closed", "closed_at"),
}

INDICATORS: tuple[Indicator, ...] = (
    Indicator("reported", N_("Reported"), "TRUE"),
    Indicator("closed", N_("Closed"), "closed"),
    Indicator("due", N_("Due"), "fell_due"),
    Indicator("closed_on_time", N_("Closed on time"), "fell_due AND closed AND NOT late"),
    Indicator("closed_late", N_("Closed late"), "fell_due AND closed AND late"),
    Indicator("overdue_open", N_("Overdue and open"), "fell_due AND NOT closed AND late"),
)

RATES: tuple[Rate, ...] = (
    Rate("closed_of_found", N_("Closed of found"), ("closed",), ("reported",)),
    Rate("closed_of_due", N_("Closed of due"), ("closed_on_time", "closed_late"), ("due",)),
    Rate("on_time_of_due", N_("Closed on time of due"), ("closed_on_time",), ("due",)),
)

DIGITS = 4
"""Rates are shown with so many decimal places of the share, that is to the hundredth of a percent, halves up."""


def rounded(rate: Fraction | None) -> Fraction | None:
    """The one rounding of all rates: done last, on the exact value, never summed or ranked by."""
    if rate is None:
        return None
    scale = 10**DIGITS
    return Fraction((2 * rate.numerator * scale + rate.denominator) // (2 * rate.denominator), scale)
