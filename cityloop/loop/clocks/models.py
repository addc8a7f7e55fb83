"""Working calendars as rows."""

from django.db import models


class Calendar(models.Model):
    """Work periods by weekday, overruled day by day.

    `week` maps `mon`..`sun` to lists of `["08:00", "12:00"]`; `days` maps ISO dates to such lists.
    """

    code = models.CharField(max_length=40, primary_key=True)
    zone = models.CharField(max_length=60)
    wd_rule = models.CharField(max_length=12, choices=[("working_time", "working_time"), ("end_of_day", "end_of_day")])
    week = models.JSONField()
    days = models.JSONField(default=dict)
    at_boundary = models.CharField(max_length=5, choices=[("close", "close"), ("open", "open")], default="close")
    """Whether what is full exactly at the end of a work period is due then, or when work next opens."""

    class Meta:
        db_table = "clocks_calendar"
