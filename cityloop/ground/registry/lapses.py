"""What is wrong with duties: two bodies in one role, contracts and phases that lapsed, hours that nobody covers."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date
from itertools import combinations
from typing import Any

import shapely

from cityloop.core.hours import ALWAYS, merged, uncovered, written
from cityloop.ground.registry.findings import Gap, Kind
from cityloop.ground.registry.ledger import (
    CONTRACT_TIER,
    FALLBACK_TIER,
    TIERS,
    Duty,
    Ledger,
    Question,
    contested,
    misfit,
    rank,
)
from cityloop.ground.registry.terrain import TOLERANCE_M2, Terrain, square


class Scopes:
    """Questions that duties ask by their own scope."""

    def __init__(self, terrain: Terrain, duties: Collection[Duty]) -> None:
        self.terrain = terrain
        self._ids = [duty.id for duty in duties if duty.drawn is not None]
        drawn = [duty.drawn for duty in duties if duty.drawn is not None]
        self._drawn = shapely.STRtree(shapely.from_wkb(drawn))

    def question(self, duty: Duty) -> Question:
        held: frozenset[int] = frozenset()
        if duty.drawn is not None:
            found = self._drawn.query(shapely.from_wkb(duty.drawn), predicate="covered_by").tolist()
            held = frozenset(self._ids[place] for place in found)
        return self.terrain.question(duty, held)

    def standing(self, duty: Duty, ledger: Ledger) -> list[Duty]:
        """The duties that stand, at whatever hour, for all that this one is for."""
        asked = self.question(duty)
        day = self.terrain.at.date()
        return [other for _, other in ledger.candidates(asked) if misfit(other, asked, day) is None]


# Two bodies


def disputes(live: Sequence[Duty], terrain: Terrain) -> Iterator[Gap]:
    """Duties of one rank and one scope that give a role to different bodies, in hours and on ground they share."""
    alike: dict[tuple[object, ...], list[Duty]] = defaultdict(list)
    for duty in live:
        alike[(rank(duty, {}, 0), *_scope(duty._replace(drawn=None)))].append(duty)
    for duties in alike.values():
        if len(duties) > 1:
            yield from _disputed(duties, terrain)


def _disputed(duties: Sequence[Duty], terrain: Terrain) -> Iterator[Gap]:
    pairs: dict[frozenset[int], Any] = {}
    for one, other in combinations(duties, 2):
        if contested([one, other]) and _together(one, other):
            ground = terrain.ground(one)
            if one.drawn is not None:
                ground = shapely.intersection(ground, terrain.ground(other))
                if square(ground) <= TOLERANCE_M2:
                    continue
            pairs[frozenset((one.id, other.id))] = ground
    while pairs:
        ids, ground = pairs.popitem()
        while near := [pair for pair in pairs if pair & ids]:
            for pair in near:
                ids, ground = ids | pair, _joined(ground, pairs.pop(pair))
        involved = sorted((duty for duty in duties if duty.id in ids), key=lambda duty: duty.id)
        shared = "" if involved[0].hours == ALWAYS else written(merged(p for duty in involved for p in duty.hours))
        gap = _of_duties(Kind.DISPUTE, involved, ground, terrain)
        yield gap._replace(hours=shared, why=" ".join(contested(involved)))


def _joined(one: Any, other: Any) -> Any:
    return one if other is None or one is other else other if one is None else shapely.union(one, other)


def _together(one: Duty, other: Duty) -> bool:
    """Whether there is a minute of the week in the hours of both."""
    return any(max(a[0], b[0]) < min(a[1], b[1]) for a in one.hours for b in other.hours)


# Duties that lapsed


def contracts(duties: Iterable[Duty], above: Sequence[Duty], scopes: Scopes, day: date) -> list[Gap]:
    """Contracts that ended, of which all or a part has no successor.

    One that ran out while its duty goes on wants another contract or an owner; one whose duty ended with it wants
    anybody above the fallback. Duties for a phase are told as such.
    """
    strong = [duty for duty in above if TIERS.index(duty.tier) <= TIERS.index(CONTRACT_TIER)]
    ledgers = {True: (Ledger(strong), strong), False: (Ledger(above), above)}
    found = []
    for duty in duties:
        if duty.tier != CONTRACT_TIER or duty.phase or not duty.decides or duty.ends is None or duty.ends > day:
            continue
        ledger, others = ledgers[duty.valid_to is None or duty.valid_to > day]
        if scopes.standing(duty, ledger):
            continue
        ground = scopes.terrain.ground(duty)
        left = ground if ground is None else _without(ground, duty, others, scopes.terrain)
        if ground is not None and ground.geom_type.endswith("Polygon") and square(left) <= TOLERANCE_M2:
            continue
        gap = _of_duties(Kind.CONTRACT, [duty], left, scopes.terrain)
        found.append(gap._replace(why=duty.ends.isoformat()))
    return _latest(found)


def _latest(found: list[Gap]) -> list[Gap]:
    """Of contracts one after another for the same ground and category the last."""
    last: dict[tuple[object, ...], Gap] = {}
    for gap in sorted(found, key=lambda gap: gap.why):
        last[gap.categories, gap.shape, gap.object_code, gap.stratum] = gap
    return list(last.values())


def _without(ground: Any, duty: Duty, others: Iterable[Duty], terrain: Terrain) -> Any:
    """The ground of a duty that smaller duties for the same do not cover."""
    chain = {None, *terrain.chain(duty.category)}
    shapes = [
        terrain.ground(other)
        for other in others
        if other.category in chain
        and other.situation in ("", duty.situation)
        and other.stratum in ("", duty.stratum)
        and not (other.object_code or other.road or other.phase)
    ]
    return shapely.difference(ground, shapely.union_all([shape for shape in shapes if shape is not None]))


def phases(duties: Iterable[Duty], above: Sequence[Duty], terrain: Terrain) -> tuple[list[Gap], set[str]]:
    """Objects that the ledger names by phase, in a phase for which it names nobody; and their codes."""
    named: dict[str, dict[int | None, list[Duty]]] = defaultdict(lambda: defaultdict(list))
    for duty in duties:
        if duty.object_code and duty.phase and duty.decides and duty.tier != FALLBACK_TIER:
            named[duty.object_code][duty.category].append(duty)
    found = []
    for code, by_category in named.items():
        thing = terrain.things.get(code)
        if thing is None:
            continue
        lacking: list[Duty] = []
        for category, before in by_category.items():
            chain = {None, *terrain.chain(category)}
            if not any(_names(duty, code, thing.phase) and duty.category in chain for duty in above):
                lacking += before
        if lacking:
            gap = _of_duties(Kind.PHASE, lacking, thing.shape, terrain)
            found.append(gap._replace(phase=thing.phase, stratum=""))
    return found, {gap.object_code for gap in found}


def _names(duty: Duty, code: str, phase: str) -> bool:
    """Whether a duty is for an object by name, or by its phase, as the object is now."""
    by_name = duty.object_code == code and duty.phase in ("", phase)
    return by_name or (not duty.object_code and bool(phase) and duty.phase == phase)


def hours(above: Sequence[Duty], scopes: Scopes) -> Iterator[Gap]:
    """Weekly hours that those who answer leave open; told of the widest duty that has hours."""
    ledger = Ledger(above)
    told: set[tuple[int, ...]] = set()
    for duty in above:
        if duty.hours == ALWAYS:
            continue
        standing = scopes.standing(duty, ledger)
        left = uncovered(merged(part for other in standing for part in other.hours))
        wider = [other for other in standing if other.hours != ALWAYS and _scope(other) != _scope(duty)]
        if not left or wider:
            continue
        same = sorted((other for other in standing if _scope(other) == _scope(duty)), key=lambda other: other.id)
        if (key := tuple(other.id for other in same)) not in told:
            told.add(key)
            gap = _of_duties(Kind.HOURS, same, scopes.terrain.ground(duty), scopes.terrain)
            yield gap._replace(hours=written(left))


def _scope(duty: Duty) -> tuple[object, ...]:
    return (
        duty.category, duty.situation, duty.area, duty.area_class, duty.grid, duty.road, duty.drawn, duty.object_code,
        duty.phase, duty.stratum,
    )  # fmt: skip


def _of_duties(kind: Kind, duties: Sequence[Duty], ground: Any, terrain: Terrain) -> Gap:
    first = duties[0]
    return Gap(
        kind,
        square(ground),
        None if ground is None else bytes(shapely.to_wkb(ground)),
        tuple(sorted({duty.category for duty in duties if duty.category is not None})),
        tuple(duty.id for duty in duties),
        terrain.question(first, frozenset()).areas,
        first.object_code or first.road,
        first.phase,
        first.stratum,
    )
