"""The light of a limit as a condition of the database; `due.light` says the same of one row."""

from datetime import datetime
from typing import Any

from django.db.models import Case as Choose
from django.db.models import DateTimeField, F, QuerySet, Value, When
from django.db.models.functions import Coalesce

from cityloop.core.units import Light

NO_INSTANT = Value(None, output_field=DateTimeField())


def lit(found: QuerySet[Any], at: datetime, ended: str) -> QuerySet[Any]:
    """Rows with `light` by their `runs_due` and `runs_yellow`: as it stands `at`, or as it was at `ended`."""
    timed = found.annotate(stood=Coalesce(ended, Value(at, output_field=DateTimeField())))
    shown: QuerySet[Any] = timed.annotate(
        light=Choose(
            When(runs_due=None, then=Value(Light.NONE.value)),
            When(runs_due__lt=F("stood"), then=Value(Light.RED.value)),
            When(runs_yellow__lte=F("stood"), then=Value(Light.YELLOW.value)),
            default=Value(Light.GREEN.value),
        )
    )
    return shown
