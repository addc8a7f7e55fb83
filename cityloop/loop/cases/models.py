"""The rows of the loop. Only `actions` writes them; `queries` reads them for others.

Columns without a database constraint to their target (`frozen`) are copies of what was true at an instant:
the writer has checked them, and later changes of their targets must not touch them.
"""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex, GinIndex, GistIndex
from django.db import models


def frozen(to: str, **options: Any) -> Any:
    """A reference that is kept as it was and is not guarded by the database."""
    return models.ForeignKey(
        to, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+", **options
    )


OPEN = models.Q(closed_at=None)
"""Lists are about open cases: an index of those only costs nothing where a whole past is taken in."""
DUE = models.Func("due_at", template="coalesce(%(expressions)s, 'infinity'::timestamptz)")
"""The order of a queue: what has no deadline stands last."""
WAITING = models.Q(granted=None, ended_at=None)


class Case(models.Model):
    """One problem on its way round the loop. `head` is the digest of its last entry, number `seq`."""

    number = models.CharField(max_length=24, unique=True)
    state = models.CharField(max_length=20)
    round = models.PositiveSmallIntegerField(default=1)
    route = models.CharField(max_length=12, default="full")
    seq = models.PositiveIntegerField()
    head = models.BinaryField(max_length=32)
    last_at = models.DateTimeField()
    assignments_made = models.PositiveSmallIntegerField()
    spans_made = models.PositiveSmallIntegerField()
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    first_due_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)
    yellow_at = models.DateTimeField(null=True)
    priority = models.SmallIntegerField(default=0)
    category = models.ForeignKey("standards.Category", on_delete=models.PROTECT, related_name="+", db_constraint=False)
    rule = frozen("standards.Rule", null=True)
    ledger_row = frozen("registry.LedgerRow", null=True)
    object_code = models.CharField(max_length=40, default="")
    lon = models.FloatField(null=True)
    lat = models.FloatField(null=True)
    address = models.CharField(max_length=300, default="")
    grid = frozen("places.UnitGrid", null=True)
    areas = ArrayField(models.BigIntegerField(), default=list)
    channel = models.CharField(max_length=40)
    finder_org = frozen("accounts.Organisation", null=True)
    finder_level = models.CharField(max_length=20, default="")
    programme = models.CharField(max_length=60, default="")
    assessed = models.BooleanField(default=True)
    announced = models.BooleanField(default=False)
    self_reported_first = models.BooleanField(default=False)
    verdict = models.CharField(max_length=20, default="", db_default="")
    unit_no = models.PositiveSmallIntegerField(default=0, db_default=0)
    """The number of the last handler's assignment; 0 before the first dispatch."""

    class Meta:
        db_table = "cases_case"
        indexes = [
            models.Index(fields=["-opened_at", "-id"], name="cases_case_newest"),
            models.Index(fields=["due_at"], name="cases_case_open_due", condition=OPEN),
            models.Index(DUE, "id", name="cases_case_open_queue", condition=OPEN),
            models.Index("state", DUE, "id", name="cases_case_open_state", condition=OPEN),
            models.Index(fields=["-opened_at", "-id"], name="cases_case_open_newest", condition=OPEN),
            GinIndex(fields=["areas"], name="cases_case_open_areas", condition=OPEN),
            GistIndex(
                models.Func("lon", "lat", function="point"),
                name="cases_case_open_point",
                condition=OPEN & models.Q(lon__isnull=False),
            ),
        ]


class Assignment(models.Model):
    """One party's duty in a case. The first is the centre's own; all others are nested in it or deeper. Of kind `main`
    are the centre's and the handlers'; the others are duties beside the handling.

    The key is made from the case and `no` (see `rows.assignment_id`), so that bulk writing asks for no ids.
    """

    id = models.BigIntegerField(primary_key=True)

    case = models.ForeignKey(Case, on_delete=models.PROTECT, db_index=False)
    no = models.PositiveSmallIntegerField()
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, db_index=False, db_constraint=False)
    round = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=12)
    responsible_org = models.ForeignKey(
        "accounts.Organisation",
        on_delete=models.PROTECT,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    acting_org = models.ForeignKey(
        "accounts.Organisation",
        on_delete=models.PROTECT,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    delivery = models.CharField(max_length=12, default="inbox")
    ruled = models.BooleanField(default=False)
    started_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)
    yellow_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    verdict = models.CharField(max_length=20, default="")
    parts = models.JSONField(default=list)
    """Where the handling has several limits one after another: `[name, due, yellow]` of each."""
    told = models.PositiveSmallIntegerField(default=0)
    """How many of the city's escalations have been told for the deadline as it stands."""

    class Meta:
        db_table = "cases_assignment"
        constraints = [
            models.UniqueConstraint(fields=["case", "no"], name="cases_assignment_no"),
            models.CheckConstraint(
                condition=models.Q(ended_at=None) | models.Q(ended_at__gte=models.F("started_at")),
                name="cases_assignment_forward",
            ),
        ]
        indexes = [
            models.Index(
                fields=["acting_org", "due_at"],
                name="cases_assignment_inbox",
                condition=models.Q(ended_at=None),
            ),
            models.Index(fields=["acting_org", "case"], name="cases_assignment_unit", condition=models.Q(no__gt=1)),
            models.Index(
                fields=["yellow_at"], name="cases_assignment_sweep", condition=models.Q(ended_at=None, no__gt=1)
            ),
        ]


class Span(models.Model):
    """One stay of an assignment in one stage; spans of an assignment follow each other without gap or overlap."""

    pk = models.CompositePrimaryKey("case_id", "no")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, db_index=False, db_constraint=False)
    no = models.PositiveSmallIntegerField()
    assignment = models.ForeignKey(Assignment, on_delete=models.PROTECT, db_index=False, db_constraint=False)
    main = models.BooleanField()
    """Whether it lies on the main track, the spans that tile the case itself."""
    stage = models.CharField(max_length=12)
    part = models.CharField(max_length=60, default="")
    round = models.PositiveSmallIntegerField()
    organisation = frozen("accounts.Organisation")
    post = models.CharField(max_length=60, default="")
    person = models.CharField(max_length=60, default="")
    started_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)
    yellow_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=20, default="")
    grid = frozen("places.UnitGrid", null=True)
    areas = ArrayField(models.BigIntegerField(), default=list)
    category = frozen("standards.Category")
    rule = frozen("standards.Rule", null=True)
    ledger_row = frozen("registry.LedgerRow", null=True)
    channel = models.CharField(max_length=40)
    contractor = frozen("accounts.Organisation", null=True)

    class Meta:
        db_table = "cases_span"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ended_at=None) | models.Q(ended_at__gte=models.F("started_at")),
                name="cases_span_forward",
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], name="cases_span_open_due", condition=models.Q(ended_at=None)),
            models.Index(
                fields=["case"], name="cases_span_review", condition=models.Q(ended_at=None, stage="duty_review")
            ),
        ]


class Entry(models.Model):
    """One step taken, never changed. `digest` covers the row, its `changes` and the digest before it.

    `changes` is the exact text of a JSON list from which the rows of the case can be rebuilt (see `record`).
    """

    pk = models.CompositePrimaryKey("case_id", "seq")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, db_index=False, db_constraint=False)
    seq = models.PositiveIntegerField()
    step = models.CharField(max_length=20)
    at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    from_state = models.CharField(max_length=20)
    to_state = models.CharField(max_length=20)
    actor = models.CharField(max_length=60)
    post = models.CharField(max_length=60, default="")
    inferred = models.BooleanField(default=False)
    """The time was not told but follows from the pack's mapping."""
    note = models.TextField(default="")
    evidence = models.JSONField(default=list)
    changes = models.TextField()
    digest = models.BinaryField(max_length=32)
    algo = models.PositiveSmallIntegerField(default=1)

    class Meta:
        db_table = "cases_entry"
        indexes = [BrinIndex(fields=["recorded_at"], name="cases_entry_recorded", autosummarize=True)]


class Hold(models.Model):
    """A request for more time: asked, granted or denied, from, until. Paused time is derived from these rows."""

    pk = models.CompositePrimaryKey("case_id", "no")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, db_index=False, db_constraint=False)
    no = models.PositiveSmallIntegerField()
    assignment = models.ForeignKey(Assignment, on_delete=models.PROTECT, db_index=False, db_constraint=False)
    kind = models.CharField(max_length=10)
    asked_at = models.DateTimeField()
    asked_by = models.CharField(max_length=60)
    reason = models.TextField()
    value = models.DecimalField(max_digits=9, decimal_places=3, null=True)
    unit = models.CharField(max_length=2, default="")
    until_at = models.DateTimeField(null=True)
    review_on = models.DateField(null=True)
    measures = models.TextField(default="")
    decided_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=60, default="")
    granted = models.BooleanField(null=True)
    starts_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    before = models.JSONField(default=dict)
    chain = models.JSONField(default=list, db_default=[])
    """The roles that have to approve, one after another; empty where whoever may decide does."""
    approved = models.PositiveSmallIntegerField(default=0, db_default=0)

    class Meta:
        db_table = "cases_hold"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(decided_at=None) | models.Q(decided_at__gte=models.F("asked_at")),
                name="cases_hold_forward",
            ),
        ]
        indexes = [models.Index(fields=["asked_at"], name="cases_hold_waiting", condition=WAITING)]


class CaseLink(models.Model):
    """A tie of one case to another, made and taken away by steps of the first."""

    pk = models.CompositePrimaryKey("case_id", "no")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, db_index=False, db_constraint=False)
    no = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=12)
    other = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+", db_constraint=False)
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=60)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "cases_link"


class Ruling(models.Model):
    """An append-only judgement about a scored fact; the fact itself stays as it was."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT)
    target = models.CharField(max_length=20)
    target_no = models.PositiveIntegerField(default=0)
    field = models.CharField(max_length=30)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    basis = models.TextField()
    by = models.CharField(max_length=60)
    at = models.DateTimeField()

    class Meta:
        db_table = "cases_ruling"


class NumberCounter(models.Model):
    """The last serial given out for a day."""

    day = models.DateField(primary_key=True)
    last = models.PositiveIntegerField()

    class Meta:
        db_table = "cases_numbercounter"
