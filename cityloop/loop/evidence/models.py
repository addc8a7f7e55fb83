"""What proves something: photos, each named by its own content."""

from django.db import models


class Photo(models.Model):
    """A photo as we keep it: written anew, without metadata; what the metadata told stands here as facts.

    `id` is the SHA-256 of the file that is kept, so whoever names a photo names exactly this one.
    """

    id = models.CharField(max_length=64, primary_key=True)
    kind = models.CharField(max_length=12, default="photo")
    media_type = models.CharField(max_length=20)
    """What was sent, by its content: image/jpeg, image/png, image/webp or image/heic."""
    size = models.PositiveIntegerField()
    """Bytes of the file that is kept."""
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    taken_at = models.DateTimeField(null=True)
    lon = models.FloatField(null=True)
    lat = models.FloatField(null=True)
    original_name = models.CharField(max_length=200, default="")
    uploaded_by = models.CharField(max_length=60)
    uploaded_at = models.DateTimeField()
    claimed_at = models.DateTimeField(null=True)
    """When a report or an entry first named it; None: nothing does, and it goes after a day."""

    class Meta:
        db_table = "evidence_photo"
        indexes = [
            models.Index(fields=["uploaded_at"], name="evidence_photo_unclaimed", condition=models.Q(claimed_at=None))
        ]
