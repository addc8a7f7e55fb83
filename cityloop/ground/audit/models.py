"""Chain heads and seals. A stream is whatever a room above hands over; today each case is one."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Head(models.Model):
    """The last link of one stream's chain, kept apart from the stream so that a lost stream is missed."""

    stream = models.CharField(max_length=40, primary_key=True)
    seq = models.PositiveIntegerField()
    digest = models.BinaryField(max_length=32)
    sealed_seq = models.PositiveIntegerField(db_default=0)

    class Meta:
        db_table = "audit_head"


class Seal(models.Model):
    """A Merkle root over the heads that moved since the seal before, and over that seal."""

    number = models.PositiveIntegerField(primary_key=True, verbose_name=_("number"))
    day = models.DateField(verbose_name=_("day"))
    root = models.BinaryField(max_length=32)
    previous = models.BinaryField(max_length=32)
    streams = models.PositiveIntegerField(verbose_name=_("streams"))
    sealed_at = models.DateTimeField(verbose_name=_("sealed at"))
    algo = models.PositiveSmallIntegerField(default=1, verbose_name=_("algorithm"))

    class Meta:
        db_table = "audit_seal"
        verbose_name = _("Seal")
        verbose_name_plural = _("Seals")

    def __str__(self) -> str:
        return f"{self.number} · {self.day}"


class Leaf(models.Model):
    """Up to which entry a seal covers a stream; the digest is looked up in the stream itself."""

    seal = models.ForeignKey(Seal, on_delete=models.PROTECT, db_index=False)
    stream = models.CharField(max_length=40)
    seq = models.PositiveIntegerField()

    class Meta:
        db_table = "audit_leaf"
        constraints = [models.UniqueConstraint(fields=["seal", "stream"], name="audit_leaf_once")]
