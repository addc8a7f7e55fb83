"""What can be wrong with the ledger."""

from enum import StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    """`ground`: a category on unit grids; `sliver`: land in no area; `surface`: of a managed object; `phase`: of an
    object; `hours`: of a week; `contract`: ended; `dispute`: two bodies."""

    GROUND = "ground"
    SLIVER = "sliver"
    SURFACE = "surface"
    PHASE = "phase"
    HOURS = "hours"
    CONTRACT = "contract"
    DISPUTE = "dispute"


class Gap(NamedTuple):
    """`categories`: ids, none is any; `duties`: ids of those that are the cause; `areas`: from top to the smallest that
    holds it; `shape`: WKB in WGS-84 where the ground is known; `why`: roles in dispute, or the day a contract ended."""

    kind: Kind
    area_m2: float
    shape: bytes | None
    categories: tuple[int, ...] = ()
    duties: tuple[int, ...] = ()
    areas: tuple[int, ...] = ()
    object_code: str = ""
    phase: str = ""
    stratum: str = ""
    hours: str = ""
    why: str = ""
