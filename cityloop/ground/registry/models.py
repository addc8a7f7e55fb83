"""The responsibility ledger: who answers for what, where, from when to when, and on what basis."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class LedgerRow(models.Model):
    """One duty. Empty scope columns mean "any"; tiers decide before specificity."""

    class Tier(models.TextChoices):
        """From strongest to weakest: owner of the object, contract, line department, territory as fallback."""

        OWNER = "owner", _("owner of the object")
        CONTRACT = "contract", _("contract")
        LINE = "line", _("line department")
        TERRITORY = "territory", _("territory")

    code = models.CharField(max_length=80, verbose_name=_("code"))
    tier = models.CharField(max_length=12, choices=Tier.choices, default=Tier.LINE, verbose_name=_("tier"))
    category = models.ForeignKey("standards.Category", on_delete=models.PROTECT, null=True, verbose_name=_("category"))
    """A minor category, or a major one and so all below it."""
    situation = models.CharField(max_length=60, default="", verbose_name=_("situation"))
    area = models.ForeignKey("places.Area", on_delete=models.PROTECT, null=True, verbose_name=_("area"))
    grid = models.ForeignKey("places.UnitGrid", on_delete=models.PROTECT, null=True)
    road_section = models.CharField(max_length=60, default="")
    drawn_area = models.BinaryField(null=True)
    object_code = models.CharField(max_length=40, default="")
    object_phase = models.CharField(max_length=20, default="")
    stratum = models.CharField(max_length=10, default="")
    duty = models.CharField(max_length=30, default="handle", verbose_name=_("duty"))
    weekly_hours = models.JSONField(default=dict)
    basis = models.CharField(max_length=200, default="", verbose_name=_("basis"))
    state = models.CharField(max_length=12, default="in_force")
    valid_from = models.DateField(verbose_name=_("valid from"))
    valid_to = models.DateField(null=True, verbose_name=_("valid until"))

    class Meta:
        db_table = "registry_ledgerrow"
        verbose_name = _("Duty")
        verbose_name_plural = _("Responsibility ledger")
        constraints = [models.UniqueConstraint(fields=["code", "valid_from"], name="registry_ledgerrow_dated")]
        indexes = [models.Index(fields=["category", "area"], name="registry_ledgerrow_scope")]

    def __str__(self) -> str:
        return self.code


class LedgerParty(models.Model):
    """An organisation's part in a duty."""

    class Role(models.TextChoices):
        HANDLER = "handler", _("handling unit")
        LEAD = "lead", _("lead")
        ASSIST = "assist", _("assisting")
        OWNER = "owner", _("owner")
        CONTRACTOR = "contractor", _("contractor")
        TERRITORY = "territory", _("territory")
        LINE_AUTHORITY = "line_authority", _("line authority")
        SUPERVISING = "supervising", _("supervising body")
        LEADER = "leader", _("leader in charge")
        CHIEF = "chief", _("chief")

    row = models.ForeignKey(LedgerRow, on_delete=models.CASCADE, related_name="parties")
    role = models.CharField(max_length=16, choices=Role.choices, default=Role.HANDLER, verbose_name=_("role"))
    organisation = models.ForeignKey("accounts.Organisation", on_delete=models.PROTECT, verbose_name=_("organisation"))
    lot = models.CharField(max_length=40, default="", verbose_name=_("contract lot"))

    class Meta:
        db_table = "registry_ledgerparty"
        verbose_name = _("Party")
        verbose_name_plural = _("Parties")
        constraints = [
            models.UniqueConstraint(fields=["row", "role", "organisation"], name="registry_ledgerparty_once")
        ]
