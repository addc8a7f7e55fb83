"""After this step run these jobs: the one way upward, in job names only.

Every job is called with `case_id` and `entry` (its number in the case), in the transaction of the step; history
that is taken in runs none.
"""

REACTIONS: dict[str, tuple[str, ...]] = {
    "refuse": ("intake.answer",),
    "close": ("intake.answer",),
    "withdraw": ("intake.answer",),
    "void": ("intake.answer",),
}
CALENDAR_CHANGED: tuple[str, ...] = ("cases.recount",)
"""After the days of a calendar changed run these, with the calendar as it was `before`, in the form of a pack."""
