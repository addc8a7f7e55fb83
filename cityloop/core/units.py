"""Units of limits, levels of light: the small fixed vocabularies that rules and packs share."""

from enum import StrEnum


class LimitUnit(StrEnum):
    """How a limit counts: round the clock, working hours, calendar days, working days."""

    HOURS = "h"
    WORKING_HOURS = "wh"
    DAYS = "d"
    WORKING_DAYS = "wd"


class Light(StrEnum):
    """Share of a limit used. Never stored: a comparison of an instant with `yellow_at` and `due_at`."""

    NONE = "none"
    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"


class Axis(StrEnum):
    """Supervision finds, files, checks and scores; command dispatches and handles."""

    SUPERVISION = "supervision"
    COMMAND = "command"
