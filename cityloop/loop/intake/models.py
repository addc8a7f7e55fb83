"""What somebody said, what was learned from it, and the duty to answer."""

from django.db import models

from cityloop.loop.cases.models import frozen


class Report(models.Model):
    """One signal from one channel, as it came. (channel, outside id) is unique: sending twice is harmless."""

    number = models.CharField(max_length=25, unique=True)
    channel = models.CharField(max_length=40)
    outside_id = models.CharField(max_length=100)
    happened_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    lon = models.FloatField(null=True)
    lat = models.FloatField(null=True)
    datum = models.CharField(max_length=12, default="WGS84")
    address = models.CharField(max_length=300, default="")
    words = models.TextField(default="")
    evidence = models.JSONField(default=list)
    reporter = models.JSONField(default=dict)
    raw = models.JSONField()
    case = models.ForeignKey("cases.Case", on_delete=models.PROTECT, null=True)

    class Meta:
        db_table = "intake_report"
        constraints = [models.UniqueConstraint(fields=["channel", "outside_id"], name="intake_report_once")]
        indexes = [models.Index(fields=["happened_at"], name="intake_report_waiting", condition=models.Q(case=None))]


class Fact(models.Model):
    """Something learned about a report. Nothing is overwritten: a correction is a further fact."""

    report = models.ForeignKey(Report, on_delete=models.PROTECT, db_constraint=False)
    name = models.CharField(max_length=30)
    value = models.JSONField(null=True)
    source = models.CharField(max_length=40)
    confidence = models.PositiveSmallIntegerField(default=100)
    """In percent."""
    at = models.DateTimeField()

    class Meta:
        db_table = "intake_fact"


class Reply(models.Model):
    """The duty to answer whoever sent a report; every report keeps its own. Its state follows from its instants (see
    `replies.lifecycle`); a `round` begins when the reporter has it done over."""

    report = models.OneToOneField(Report, on_delete=models.PROTECT, db_constraint=False)
    order_number = models.CharField(max_length=100, db_default="", default="")
    """What a hotline calls its order."""
    round = models.PositiveSmallIntegerField(db_default=1, default=1)
    sign_due_at = models.DateTimeField(null=True)
    sign_yellow_at = models.DateTimeField(null=True)
    signed_at = models.DateTimeField(null=True)
    answer_due_at = models.DateTimeField(null=True)
    answer_yellow_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    answer = models.TextField(db_default="", default="")
    returned_at = models.DateTimeField(null=True)
    called_back_at = models.DateTimeField(null=True)
    satisfied = models.BooleanField(null=True)

    class Meta:
        db_table = "intake_reply"
        indexes = [
            models.Index(fields=["-id"], name="intake_reply_owed", condition=models.Q(answered_at=None)),
            models.Index(
                fields=["order_number"],
                name="intake_reply_order",
                opclasses=["varchar_pattern_ops"],
                condition=~models.Q(order_number=""),
            ),
        ]


class ReplyStep(models.Model):
    """What was done about a duty to answer, never changed."""

    reply = frozen("intake.Reply")
    round = models.PositiveSmallIntegerField()
    step = models.CharField(max_length=20)
    at = models.DateTimeField()
    actor = models.CharField(max_length=60)
    post = models.CharField(max_length=60, default="")
    words = models.TextField(default="")

    class Meta:
        db_table = "intake_replystep"
        indexes = [models.Index(fields=["reply", "id"], name="intake_replystep_of")]


class Unmasking(models.Model):
    """Somebody saw how a reporter can be reached: once for each person, report and day. Only added to."""

    actor = models.CharField(max_length=60)
    post = models.CharField(max_length=60)
    number = models.CharField(max_length=26)
    """Of the report, or of what a citizen sent that is none yet."""
    case = models.ForeignKey("cases.Case", on_delete=models.PROTECT, null=True, db_constraint=False)
    at = models.DateTimeField()
    day = models.DateField()

    class Meta:
        db_table = "intake_unmasking"
        constraints = [models.UniqueConstraint(fields=["number", "actor", "day"], name="intake_unmasking_once")]
        indexes = [
            models.Index(fields=["at", "id"], name="intake_unmasking_newest"),
            models.Index(fields=["actor", "at"], name="intake_unmasking_of_person"),
        ]
