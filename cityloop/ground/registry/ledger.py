"""Who answers for what: one pure question asked of ledger rows."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from cityloop.ground.registry.models import LedgerParty, LedgerRow

TIERS = tuple(tier.value for tier in LedgerRow.Tier)
HANDLER, CONTRACTOR = LedgerParty.Role.HANDLER.value, LedgerParty.Role.CONTRACTOR.value


class Party(NamedTuple):
    role: str
    organisation: int


class Duty(NamedTuple):
    """A ledger row with its parties, as ids. None and "" in the scope mean "any"."""

    id: int
    code: str
    tier: str
    category: int | None
    situation: str
    area: int | None
    grid: int | None
    object_code: str
    valid_from: date
    valid_to: date | None
    parties: tuple[Party, ...]

    def party(self, role: str) -> int | None:
        return next((party.organisation for party in self.parties if party.role == role), None)


class Finding(StrEnum):
    """`named`: one duty decides. `fallback`: only territory does, which is a gap. `gap`: nothing. `dispute`: two."""

    NAMED = "named"
    FALLBACK = "fallback"
    GAP = "gap"
    DISPUTE = "dispute"


class Answer(NamedTuple):
    """Who answers, by which row, and why: its tier and which of object, grid, area, category pinned it down."""

    finding: Finding
    duties: tuple[Duty, ...]
    reason: tuple[str, ...] = ()

    @property
    def handler(self) -> int | None:
        """The organisation to dispatch to; None where nobody, or more than one, answers."""
        return self.duties[0].party(HANDLER) if self.finding in (Finding.NAMED, Finding.FALLBACK) else None


class Ledger:
    """Duties ready to be asked; rows of other categories are never looked at."""

    def __init__(self, duties: Iterable[Duty]) -> None:
        self._by_category: dict[int | None, list[Duty]] = defaultdict(list)
        self.duties = {duty.id: duty for duty in duties}
        for duty in self.duties.values():
            self._by_category[duty.category].append(duty)

    def who_answers_for(
        self,
        categories: Sequence[int | None],
        areas: Sequence[int],
        *,
        at: date,
        situation: str = "",
        grid: int | None = None,
        object_code: str = "",
    ) -> Answer:
        """The duty that decides for a category (minor first, then its major), in areas given from top to leaf.

        Tiers decide before specificity (owner, contract, line, territory); inside a tier the object beats the
        grid, the grid the area, the smaller area the larger, the minor category the major, a named situation
        any. Two equally specific duties with different handlers are a dispute.
        """
        best: list[tuple[tuple[int, ...], Duty]] = []
        depth = {area: level for level, area in enumerate(areas, start=1)}
        for width, category in enumerate((*categories, None)):
            for duty in self._by_category.get(category, ()):
                if duty.valid_from > at or (duty.valid_to is not None and duty.valid_to <= at):
                    continue
                if duty.object_code and duty.object_code != object_code:
                    continue
                if duty.situation and duty.situation != situation:
                    continue
                if duty.grid is not None and duty.grid != grid:
                    continue
                if duty.area is not None and duty.area not in depth:
                    continue
                rank = (
                    TIERS.index(duty.tier),
                    -bool(duty.object_code),
                    -bool(duty.grid),
                    -depth.get(duty.area or 0, 0),
                    width,
                    -bool(duty.situation),
                )
                if not best or rank < best[0][0]:
                    best = [(rank, duty)]
                elif rank == best[0][0]:
                    best.append((rank, duty))
        return _answer([duty for _, duty in best])


def _answer(duties: list[Duty]) -> Answer:
    if not duties:
        return Answer(Finding.GAP, ())
    first = duties[0]
    pinned = [
        name
        for name, value in (
            ("object", first.object_code),
            ("grid", first.grid),
            ("area", first.area),
            ("category", first.category),
            ("situation", first.situation),
        )
        if value
    ]
    reason = (first.tier, *pinned)
    if len({duty.party(HANDLER) for duty in duties}) > 1:
        return Answer(Finding.DISPUTE, tuple(duties), reason)
    finding = Finding.FALLBACK if first.tier == LedgerRow.Tier.TERRITORY else Finding.NAMED
    return Answer(finding, tuple(duties[:1]), reason)
