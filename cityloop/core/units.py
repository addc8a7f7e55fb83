"""Units of limits, levels of light: the small fixed vocabularies that rules and packs share."""

from enum import StrEnum

from cityloop.core.texts import N_


class LimitUnit(StrEnum):
    """How a limit counts: round the clock, working hours, calendar days, working days."""

    HOURS = "h"
    WORKING_HOURS = "wh"
    DAYS = "d"
    WORKING_DAYS = "wd"


UNIT_TITLES = {
    LimitUnit.HOURS: N_("hours"),
    LimitUnit.WORKING_HOURS: N_("working hours"),
    LimitUnit.DAYS: N_("days"),
    LimitUnit.WORKING_DAYS: N_("working days"),
}


class Light(StrEnum):
    """Share of a limit used. Never stored: a comparison of an instant with `yellow_at` and `due_at`."""

    NONE = "none"
    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"


LIGHT_TITLES = {
    Light.NONE: N_("no limit"),
    Light.GREEN: N_("green"),
    Light.YELLOW: N_("yellow"),
    Light.RED: N_("red"),
}


class Axis(StrEnum):
    """Supervision finds, files, checks and scores; command dispatches and handles."""

    SUPERVISION = "supervision"
    COMMAND = "command"


AXIS_TITLES = {Axis.SUPERVISION: N_("supervision"), Axis.COMMAND: N_("command")}
