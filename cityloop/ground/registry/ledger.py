"""Who answers for what: one pure question asked of ledger rows."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple

from cityloop.core.hours import ALWAYS, Spans, minute_of_week

TIERS = ("owner", "contract", "line", "territory")
"""From strongest to weakest."""
FALLBACK_TIER, CONTRACT_TIER = "territory", "contract"
CONTRACTOR = "contractor"
SOLE = ("handler", "lead", "contractor", "owner", "territory", "line_authority")
"""Roles of which a duty has one body, in the order in which they act. Two bodies in equally specific duties are a
dispute. A duty that has none of these roles names who assists or looks on, and decides nothing."""
Scope = tuple[str, int | str]


class Party(NamedTuple):
    """`until`: the first day on which its contract no longer runs."""

    role: str
    organisation: int
    lot: str = ""
    until: date | None = None
    person: str = ""


class Duty(NamedTuple):
    """A ledger row with its parties, as ids. None and "" in the scope mean "any"; `drawn` is WKB in WGS-84."""

    id: int
    code: str
    tier: str
    category: int | None
    situation: str
    area: int | None
    area_class: str
    grid: int | None
    road: str
    drawn: bytes | None
    object_code: str
    phase: str
    stratum: str
    hours: Spans
    basis: str
    valid_from: date
    valid_to: date | None
    parties: tuple[Party, ...]

    def party(self, role: str) -> int | None:
        return next((party.organisation for party in self.parties if party.role == role), None)

    @property
    def decides(self) -> bool:
        return any(party.role in SOLE for party in self.parties)

    @property
    def contract_ends(self) -> date | None:
        """The first day on which nobody of it is bound any more: a duty of the contract tier ends with the first of its
        contracts, another with the last body that acts in it."""
        until = [party.until for party in self.parties if party.role in SOLE]
        known = [day for day in until if day is not None]
        if self.tier == CONTRACT_TIER:
            return min(known, default=None)
        return max(known, default=None) if len(known) == len(until) else None

    @property
    def ends(self) -> date | None:
        """The first day on which it no longer answers: it ends, or its contract does."""
        return min((day for day in (self.contract_ends, self.valid_to) if day is not None), default=None)

    @property
    def place(self) -> Scope:
        """What pins it down to the smallest ground; every question names it."""
        scopes: tuple[Scope, ...] = (
            ("object", self.object_code), ("road", self.road), ("drawn", self.id if self.drawn else 0),
            ("grid", self.grid or 0), ("area", self.area or 0), ("class", self.area_class),
        )  # fmt: skip
        return next((scope for scope in scopes if scope[1]), ("", ""))


class Question(NamedTuple):
    """`categories`: minor first, then its major. `areas`: from large to small. `drawn`: ids of the duties whose drawn
    area holds the spot. `at`: an instant at the city's clock. `phase`: of the object."""

    categories: tuple[int | None, ...]
    areas: tuple[int, ...]
    at: datetime
    situation: str = ""
    area_class: str = ""
    grid: int | None = None
    road: str = ""
    drawn: frozenset[int] = frozenset()
    object_code: str = ""
    phase: str = ""
    stratum: str = "on"


class Finding(StrEnum):
    """`named`: one duty decides. `fallback`: only territory does, which is a gap. `gap`: nothing. `dispute`: two."""

    NAMED = "named"
    FALLBACK = "fallback"
    GAP = "gap"
    DISPUTE = "dispute"


class Lost(StrEnum):
    """Why a duty for the same thing and ground does not decide."""

    NOT_YET = "not_yet"
    NO_LONGER = "no_longer"
    CONTRACT_ENDED = "contract_ended"
    OTHER_SITUATION = "other_situation"
    OTHER_PHASE = "other_phase"
    OTHER_STRATUM = "other_stratum"
    OUTSIDE_HOURS = "outside_hours"
    WEAKER_TIER = "weaker_tier"
    LESS_SPECIFIC = "less_specific"


class Answer(NamedTuple):
    """Who answers, by which duties, and why: tier and what pinned it down; and which lost.

    `handler`: whom to dispatch to; None where nobody, or more than one, answers. `interim`: who acts until then.
    """

    finding: Finding
    duties: tuple[Duty, ...]
    reason: tuple[str, ...] = ()
    parties: tuple[Party, ...] = ()
    lost: tuple[tuple[Duty, Lost], ...] = ()
    handler: int | None = None
    interim: int | None = None


Rank = tuple[int, ...]


class Ledger:
    """Duties ready to be asked. `interim`: the organisation that acts where even the fallback is silent."""

    def __init__(self, duties: Iterable[Duty], interim: int | None = None) -> None:
        self.duties = {duty.id: duty for duty in duties}
        self.interim = interim
        self._known: dict[tuple[int | None, Scope], list[Duty]] = defaultdict(list)
        for duty in self.duties.values():
            self._known[duty.category, duty.place].append(duty)

    def candidates(self, asked: Question) -> Iterator[tuple[Rank, Duty]]:
        """Every duty for the category and the ground asked about, whatever its days and hours, and how it ranks.

        The lowest rank decides: tiers before specificity (owner, contract, line, territory); inside a tier the object
        before the road, the drawn area, the grid, the smaller area, the larger, the area class; then the minor category
        before the major, a named situation before any; last a named stratum, phase, hours before any.
        """
        depth = {area: level for level, area in enumerate(asked.areas, start=1)}
        places = [scope for scope in _places(asked) if scope[1] or not scope[0]]
        wanted = [category for category in asked.categories if category is not None]
        for width, category in enumerate((*wanted, None)):
            for place in places:
                for duty in self._known.get((category, place), ()):
                    if _on_the_ground(duty, asked, depth):
                        yield rank(duty, depth, width), duty

    def who_answers_for(self, asked: Question) -> Answer:
        """Who answers, by which duties, why, and why not by the others."""
        day, minute = asked.at.date(), minute_of_week(asked.at)
        standing: list[tuple[Rank, Duty]] = []
        beside: list[Duty] = []
        lost: list[tuple[Duty, Lost]] = []
        for place, duty in self.candidates(asked):
            why = misfit(duty, asked, day) or (None if _within(duty.hours, minute) else Lost.OUTSIDE_HOURS)
            if why is not None:
                lost.append((duty, why))
            elif duty.decides:
                standing.append((place, duty))
            else:
                beside.append(duty)
        if not standing:
            return Answer(Finding.GAP, (), parties=running(beside, day), lost=tuple(lost), interim=self.interim)
        best = min(place for place, _ in standing)
        first = sorted((duty for place, duty in standing if place == best), key=lambda duty: duty.id)
        lost += [(duty, _weaker(place, best)) for place, duty in standing if place != best]
        return self._answer(first, beside, lost, standing, day)

    def _answer(
        self,
        first: list[Duty],
        beside: list[Duty],
        lost: list[tuple[Duty, Lost]],
        standing: list[tuple[Rank, Duty]],
        day: date,
    ) -> Answer:
        parties = running((*first, *beside), day)
        if contested(first):
            finding, handler, interim = Finding.DISPUTE, None, self._fallback(standing, day)
        else:
            fallback = first[0].tier == FALLBACK_TIER
            finding, handler = (Finding.FALLBACK if fallback else Finding.NAMED), acting(running(first, day))
            first, interim = first[:1], None
        return Answer(finding, tuple(first), reason(first[0]), parties, tuple(lost), handler, interim)

    def _fallback(self, standing: list[tuple[Rank, Duty]], day: date) -> int | None:
        """Who acts by territory while others dispute."""
        territory = [(place, duty) for place, duty in standing if duty.tier == FALLBACK_TIER]
        best = min((place for place, _ in territory), default=None)
        first = [duty for place, duty in territory if place == best]
        return self.interim if not first or contested(first) else acting(running(first, day))


def acting(parties: Iterable[Party]) -> int | None:
    """The body that acts: the handler, else the lead, and so on."""
    bodies = {party.role: party.organisation for party in reversed(tuple(parties))}
    return next((bodies[role] for role in SOLE if role in bodies), None)


def contested(duties: Sequence[Duty]) -> tuple[str, ...]:
    """The roles that equally specific duties give to different bodies."""
    if len(duties) < 2:
        return ()
    bodies: dict[str, set[frozenset[int]]] = defaultdict(set)
    for duty in duties:
        for role in SOLE:
            if found := frozenset(party.organisation for party in duty.parties if party.role == role):
                bodies[role].add(found)
    return tuple(role for role in SOLE if len(bodies[role]) > 1)


def misfit(duty: Duty, asked: Question, day: date) -> Lost | None:
    """Why a duty does not stand on a day for what is asked, whatever the hour; None where it does."""
    if day < duty.valid_from:
        return Lost.NOT_YET
    if duty.valid_to is not None and day >= duty.valid_to:
        return Lost.NO_LONGER
    ends = duty.contract_ends
    if ends is not None and day >= ends:
        return Lost.CONTRACT_ENDED
    if duty.situation and duty.situation != asked.situation:
        return Lost.OTHER_SITUATION
    if duty.phase and duty.phase != asked.phase:
        return Lost.OTHER_PHASE
    if duty.stratum and duty.stratum != asked.stratum:
        return Lost.OTHER_STRATUM
    return None


def reason(duty: Duty) -> tuple[str, ...]:
    """The tier of a duty and what pins it down."""
    pins = (
        ("object", duty.object_code), ("road", duty.road), ("drawn", duty.drawn), ("grid", duty.grid),
        ("area", duty.area), ("class", duty.area_class), ("category", duty.category), ("situation", duty.situation),
        ("stratum", duty.stratum), ("phase", duty.phase), ("hours", duty.hours != ALWAYS),
    )  # fmt: skip
    return (duty.tier, *(name for name, value in pins if value))


def _places(asked: Question) -> Iterator[Scope]:
    yield "object", asked.object_code
    yield "road", asked.road
    for duty in asked.drawn:
        yield "drawn", duty
    yield "grid", asked.grid or 0
    for area in asked.areas:
        yield "area", area
    yield "class", asked.area_class
    yield "", ""


def _on_the_ground(duty: Duty, asked: Question, depth: dict[int, int]) -> bool:
    return (
        (not duty.object_code or duty.object_code == asked.object_code)
        and (not duty.road or duty.road == asked.road)
        and (duty.drawn is None or duty.id in asked.drawn)
        and (duty.grid is None or duty.grid == asked.grid)
        and (duty.area is None or duty.area in depth)
        and (not duty.area_class or duty.area_class == asked.area_class)
    )


def rank(duty: Duty, depth: dict[int, int], width: int) -> Rank:
    """`depth`: how deep areas stand in a question, from 1; `width`: where the category does, from 0."""
    return (
        TIERS.index(duty.tier), not duty.object_code, not duty.road, duty.drawn is None, duty.grid is None,
        -depth.get(duty.area or 0, 0), not duty.area_class, width, not duty.situation, not duty.stratum,
        not duty.phase, duty.hours == ALWAYS,
    )  # fmt: skip


def _weaker(place: Rank, best: Rank) -> Lost:
    return Lost.WEAKER_TIER if place[0] > best[0] else Lost.LESS_SPECIFIC


def _within(hours: Spans, minute: int) -> bool:
    return hours is ALWAYS or any(first <= minute < last for first, last in hours)


def running(duties: Iterable[Duty], day: date) -> tuple[Party, ...]:
    """The parties of duties without those whose contract has ended."""
    return tuple(party for duty in duties for party in duty.parties if party.until is None or day < party.until)
