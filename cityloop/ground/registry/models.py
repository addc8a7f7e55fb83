"""The responsibility ledger: who answers for what, where, from when to when, and on what basis."""

from django.db import models


class LedgerRow(models.Model):
    """One duty. Empty scope columns mean "any"; tiers decide before specificity."""

    class Tier(models.TextChoices):
        """From strongest to weakest: owner of the object, contract, line department, territory as fallback."""

        OWNER = "owner"
        CONTRACT = "contract"
        LINE = "line"
        TERRITORY = "territory"

    code = models.CharField(max_length=80)
    tier = models.CharField(max_length=12, choices=Tier.choices, default=Tier.LINE)
    category = models.ForeignKey("standards.Category", on_delete=models.PROTECT, null=True)
    """A minor category, or a major one and so all below it."""
    situation = models.CharField(max_length=60, default="")
    area = models.ForeignKey("places.Area", on_delete=models.PROTECT, null=True)
    grid = models.ForeignKey("places.UnitGrid", on_delete=models.PROTECT, null=True)
    road_section = models.CharField(max_length=60, default="")
    drawn_area = models.BinaryField(null=True)
    object_code = models.CharField(max_length=40, default="")
    object_phase = models.CharField(max_length=20, default="")
    stratum = models.CharField(max_length=10, default="")
    duty = models.CharField(max_length=30, default="handle")
    weekly_hours = models.JSONField(default=dict)
    basis = models.CharField(max_length=200, default="")
    state = models.CharField(max_length=12, default="in_force")
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)

    class Meta:
        db_table = "registry_ledgerrow"
        constraints = [models.UniqueConstraint(fields=["code", "valid_from"], name="registry_ledgerrow_dated")]
        indexes = [models.Index(fields=["category", "area"], name="registry_ledgerrow_scope")]


class LedgerParty(models.Model):
    """An organisation's part in a duty."""

    class Role(models.TextChoices):
        HANDLER = "handler"
        LEAD = "lead"
        ASSIST = "assist"
        OWNER = "owner"
        CONTRACTOR = "contractor"
        TERRITORY = "territory"
        LINE_AUTHORITY = "line_authority"
        SUPERVISING = "supervising"
        LEADER = "leader"
        CHIEF = "chief"

    row = models.ForeignKey(LedgerRow, on_delete=models.CASCADE, related_name="parties")
    role = models.CharField(max_length=16, choices=Role.choices, default=Role.HANDLER)
    organisation = models.ForeignKey("accounts.Organisation", on_delete=models.PROTECT)
    lot = models.CharField(max_length=40, default="")

    class Meta:
        db_table = "registry_ledgerparty"
        constraints = [
            models.UniqueConstraint(fields=["row", "role", "organisation"], name="registry_ledgerparty_once")
        ]
