"""The fixed words that a line of the rule book may use, with their titles."""

from cityloop.core.texts import N_

STAGES: dict[str, str] = {
    "verify": N_("verifying"),
    "register": N_("registering"),
    "file": N_("filing"),
    "dispatch": N_("dispatching"),
    "sign_for": N_("signing for"),
    "handle": N_("handling"),
    "feedback": N_("feeding back"),
    "check": N_("checking"),
    "close": N_("closing"),
    "rule_return": N_("deciding on the return"),
    "total": N_("the whole case"),
}
"""What a limit can be for; `total` counts from the opening of the case."""
PHOTO_KINDS: dict[str, str] = {
    "near": N_("from near"),
    "far": N_("from afar"),
    "before": N_("before"),
    "after": N_("after"),
}
HANDLERS: dict[str, str] = {
    "handler": N_("handler"),
    "lead": N_("lead"),
    "assist": N_("assisting"),
    "owner": N_("owner"),
    "contractor": N_("contractor"),
    "territory": N_("territory"),
    "line_authority": N_("line authority"),
    "supervising": N_("supervising"),
}
"""The parties of the ledger that may have to handle."""
CHECK_MODES: dict[str, str] = {
    "on_site": N_("on site"),
    "photo": N_("by photo"),
    "video": N_("by video"),
    "call_back": N_("by calling back"),
    "sample": N_("by sample"),
    "none": N_("not checked"),
}
SAME_HOURS = "same_hours"
"""The check window that is the hour at which the problem was found."""
CLOSING_KINDS: dict[str, str] = {
    "solved": N_("solved"),
    "temporary": N_("solved for now"),
    "notified": N_("notified"),
    "seasonal_plan": N_("planned for the season"),
}
DOCUMENT_KINDS: dict[str, str] = {
    "law": N_("law"),
    "standard": N_("standard"),
    "guide": N_("guide"),
    "notice": N_("notice"),
}
CATEGORY_KINDS: dict[str, str] = {
    "component": N_("component"),
    "event": N_("event"),
    "item": N_("item"),
}
"""An item is what an assessment or survey counts; nothing is reported as one."""
PROPOSAL_STATES: dict[str, str] = {
    "draft": N_("draft"),
    "submitted": N_("submitted"),
    "approved": N_("approved"),
    "rejected": N_("rejected"),
    "withdrawn": N_("withdrawn"),
}
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
