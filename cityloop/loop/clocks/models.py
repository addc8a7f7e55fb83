"""Working calendars as rows."""

from django.db import models
from django.utils.translation import gettext_lazy as _

WD_RULES = [
    ("working_time", _("a working day is as much work as a regular Monday")),
    ("end_of_day", _("a working day ends with the last work period of a day")),
]
BOUNDARIES = [
    ("close", _("due when the work period ends")),
    ("open", _("due when work next opens")),
]


class Calendar(models.Model):
    """Work periods by weekday, overruled day by day.

    `week` maps `mon`..`sun` to lists of `["08:00", "12:00"]`; `days` maps ISO dates to such lists.
    """

    code = models.CharField(max_length=40, primary_key=True, verbose_name=_("code"))
    zone = models.CharField(max_length=60, verbose_name=_("time zone"))
    wd_rule = models.CharField(
        max_length=12,
        choices=WD_RULES,
        verbose_name=_("working days"),
    )
    week = models.JSONField()
    days = models.JSONField(default=dict)
    at_boundary = models.CharField(
        max_length=5,
        choices=BOUNDARIES,
        default="close",
        verbose_name=_("what is full exactly at the end of a work period"),
    )
    """Whether what is full exactly at the end of a work period is due then, or when work next opens."""

    known_until = models.DateField(
        null=True,
        blank=True,
        verbose_name=_("last known day"),
        help_text=_("Deadlines beyond it are provisional until the days after it are published."),
    )

    class Meta:
        db_table = "clocks_calendar"
        verbose_name = _("Calendar")
        verbose_name_plural = _("Calendars")

    def __str__(self) -> str:
        return self.code
