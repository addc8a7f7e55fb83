"""What is wrong with the ledger on a day: gaps (nobody above the fallback) and disputes (two bodies in one role).

One cause is told once. What is wrong with duties is told where they are, and everything else takes them as if they
held: a dispute, a contract that ran out, an object between phases, hours that nobody covers. Then ground without
anybody, category by category; then surfaces that must be managed, without the ground that was told already; land that
lies in no area is told by itself and counts for nothing else.
"""

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from cityloop.core.hours import ALWAYS
from cityloop.ground.registry.bare import ground_gaps, slivers, surfaces
from cityloop.ground.registry.findings import Gap
from cityloop.ground.registry.lapses import Scopes, contracts, disputes, hours, phases
from cityloop.ground.registry.ledger import FALLBACK_TIER, Duty, Ledger, running
from cityloop.ground.registry.terrain import Terrain

SINCE_EVER = date.min


class Effect(NamedTuple):
    """What a change of duties brings about."""

    appear: list[Gap]
    disappear: list[Gap]


def find(ledger: Ledger, terrain: Terrain) -> list[Gap]:
    """Everything that is wrong on the terrain's day, kind by kind."""
    day = terrain.at.date()
    live = standing_on(ledger.duties.values(), day)
    above = [duty for duty in live if duty.tier != FALLBACK_TIER]
    scopes = Scopes(terrain, ledger.duties.values())
    ended = contracts(ledger.duties.values(), above, scopes, day)
    between, unfit = phases(ledger.duties.values(), above, terrain)
    held = [_as_if(duty) for duty in [*above, *(ledger.duties[gap.duties[0]] for gap in ended)]]
    ground = ground_gaps(held, terrain)
    return [
        *disputes(live, terrain),
        *ended,
        *between,
        *hours(above, scopes),
        *ground,
        *slivers(terrain),
        *surfaces(held, terrain, unfit, ground),
    ]


def what_if(ledger: Ledger, ended: Iterable[int], begun: Iterable[Duty], terrain: Terrain) -> Effect:
    """What would be wrong, and no longer be wrong, on the terrain's day without some duties and with others."""
    gone = set(ended)
    kept = [duty for duty in ledger.duties.values() if duty.id not in gone]
    before, after = find(ledger, terrain), find(Ledger([*kept, *begun], ledger.interim), terrain)
    return Effect([gap for gap in after if gap not in before], [gap for gap in before if gap not in after])


def standing_on(duties: Iterable[Duty], day: date) -> list[Duty]:
    """Duties that decide on a day, without the parties whose contract has ended."""
    live = [duty for duty in duties if duty.valid_from <= day and (duty.ends is None or day < duty.ends)]
    return [duty for duty in (one._replace(parties=running([one], day)) for one in live) if duty.decides]


def _as_if(duty: Duty) -> Duty:
    """A duty as if it held always."""
    parties = tuple(party._replace(until=None) for party in duty.parties)
    return duty._replace(valid_from=SINCE_EVER, valid_to=None, hours=ALWAYS, parties=parties)
