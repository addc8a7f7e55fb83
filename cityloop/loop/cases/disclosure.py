"""Who sees what of three groups of fields, at which door: said once here, from what a role declares. The reference is
made of it, and a test looks for each group in what each door answers to each role.
"""

from cityloop.ground.accounts.roles import ROLES

UNMASKED, MASKED, ABSENT = "unmasked", "masked", "absent"
GROUPS = {
    "contact": "the reporter's name, telephone number and address",
    "collector": "who checked: name, account and post of the collector; masked is the role alone",
    "plan": "the assessment plan: programme, announced or not, reported first by those assessed or not",
}
DOORS = {
    "case": "`/api/cases/{number}`",
    "clocks": "`/api/cases/{number}/clocks`",
    "reports": "`/api/cases/{number}/reports`",
    "list": "`/api/cases` and `/api/cases/counts`",
    "near": "`/api/cases/near`",
    "reply": "`/api/reports/{number}/reply`",
    "replies": "`/api/replies` and `/api/replies/counts`",
    "waiting": "`/api/reports/waiting`",
    "held": "`/api/submissions/held`",
    "wall": "`/api/wall`",
    "tiles": "`/api/tiles/…`: cases near and far, grids, areas, and the objects of the map",
    "stream": "`/feed`: what the live stream tells",
    "features": "`/ogc/…`: OGC API Features",
    "evaluation": "`/api/evaluation`, and as CSV",
    "follow": "`/api/public/follow`: the reporter's own page",
}

OPENS = {"reports": "cases.read", "held": "reports.judge", "reply": "replies.read"}
"""What lets one through a door behind which contact data are."""


def disclosed(role: str, group: str, door: str) -> str:
    """`unmasked`, `masked` or `absent`; absent too where the door does not open to the role."""
    known = ROLES[role]
    may = known.permissions
    if group == "contact" and OPENS.get(door) in may:
        return UNMASKED if "reports.contact" in may else MASKED
    if group == "collector" and door == "case" and "cases.read" in may:
        return MASKED if known.handles else UNMASKED
    return ABSENT
