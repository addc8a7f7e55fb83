"""What citizens send without signing in. A sender is a keyed digest of an address and the day, never the address."""

from django.db import models
from django.db.models import Q


class Submission(models.Model):
    """One form, known by the `key` that its page made: sent twice it is still one.

    It went on to intake at once, or it is held for a person, who lets it in or discards it.
    """

    key = models.UUIDField(unique=True)
    number = models.CharField(max_length=26, unique=True)
    """What its sender knows it by: the number of the report that it is or would be."""
    secret = models.BinaryField(max_length=32)
    """A slow digest of the secret that its sender was shown."""
    received_at = models.DateTimeField()
    sender = models.CharField(max_length=32)
    body = models.JSONField()
    contact = models.JSONField(default=dict)
    report_number = models.CharField(max_length=25, null=True)
    held_reason = models.CharField(max_length=20, default="")
    decided_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=60, default="")
    decision = models.CharField(max_length=12, default="")
    decision_reason = models.TextField(default="")

    class Meta:
        db_table = "participation_submission"
        indexes = [
            models.Index(fields=["sender", "received_at"], name="participation_of_sender"),
            models.Index(fields=["received_at"], name="participation_recent"),
            models.Index(
                fields=["received_at", "id"],
                name="participation_held",
                condition=Q(decided_at=None) & ~Q(held_reason=""),
            ),
        ]


class Upload(models.Model):
    """A photo that somebody sent ahead of a form. The id is good for one form; after a day the row goes."""

    id = models.UUIDField(primary_key=True)
    photo = models.CharField(max_length=64)
    sender = models.CharField(max_length=32)
    at = models.DateTimeField()
    used_by = models.UUIDField(null=True)
    """The key of the form that named it."""

    class Meta:
        db_table = "participation_upload"
        indexes = [models.Index(fields=["at", "sender"], name="participation_upload_recent")]


class Guess(models.Model):
    """A secret that was wrong; after a day the row goes."""

    number = models.CharField(max_length=26)
    sender = models.CharField(max_length=32)
    at = models.DateTimeField()

    class Meta:
        db_table = "participation_guess"
        indexes = [models.Index(fields=["at"], name="participation_guess_recent")]
