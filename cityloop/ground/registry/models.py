"""The responsibility ledger, and what stands in the city: layers, their objects, and what became of each."""

from typing import Any

from django.contrib.postgres.indexes import GistIndex
from django.db import models
from django.utils.translation import gettext_lazy as _

from cityloop.ground.standards.models import Proposed


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
    area_class = models.CharField(max_length=20, default="")
    """What the area counts as under the scheme of the limits."""
    grid = models.ForeignKey("places.UnitGrid", on_delete=models.PROTECT, null=True)
    road_section = models.CharField(max_length=60, default="")
    """Code of an object of a layer of lines."""
    drawn_area = models.BinaryField(null=True)
    """WKB in WGS-84."""
    object_code = models.CharField(max_length=40, default="")
    object_phase = models.CharField(max_length=20, default="")
    """The state that an object is in, such as that of a building site."""
    stratum = models.CharField(max_length=10, default="")
    duty = models.CharField(max_length=30, default="handle", verbose_name=_("duty"))
    weekly_hours = models.JSONField(default=dict)
    """As of `core.hours`; none is round the clock."""
    basis = models.CharField(max_length=200, default="", verbose_name=_("basis"))
    state = models.CharField(max_length=12, default="in_force")
    valid_from = models.DateField(verbose_name=_("valid from"))
    valid_to = models.DateField(null=True, verbose_name=_("valid until"))
    proposal = models.ForeignKey("registry.DutyProposal", on_delete=models.PROTECT, null=True, related_name="begun")
    """What it began by, where that was no pack."""
    ended_by = models.ForeignKey("registry.DutyProposal", on_delete=models.PROTECT, null=True, related_name="ended")

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
    until = models.DateField(null=True, verbose_name=_("contract ends"))
    """The first day on which the contract no longer runs."""
    person = models.CharField(max_length=100, default="", verbose_name=_("person"))
    """A chief or a leader by name."""

    class Meta:
        db_table = "registry_ledgerparty"
        verbose_name = _("Party")
        verbose_name_plural = _("Parties")
        constraints = [
            models.UniqueConstraint(fields=["row", "role", "organisation"], name="registry_ledgerparty_once")
        ]


class BoxField(models.Field[Any, Any]):
    """PostgreSQL's `box`: west, south, east and north of a geometry; what stands at a point is a box without width."""

    def db_type(self, connection: Any) -> str:
        return "box"


def on_the_ground() -> list[str]:
    return ["on"]


class Layer(models.Model):
    """A class of things that stand in the city, such as public toilets. What it says comes with the pack."""

    class Geometry(models.TextChoices):
        POINT = "point", _("point")
        LINE = "line", _("line")
        POLYGON = "polygon", _("polygon")

    code = models.CharField(max_length=40, unique=True, verbose_name=_("code"))
    group = models.CharField(max_length=40, default="")
    name = models.CharField(max_length=120, verbose_name=_("name"))
    names = models.JSONField(default=dict)
    geometry = models.CharField(max_length=10, choices=Geometry.choices, verbose_name=_("geometry"))
    attributes = models.JSONField(default=dict)
    """JSON Schema of the objects' attributes."""
    icon = models.CharField(max_length=60, default="")
    public = models.BooleanField(default=False, verbose_name=_("public"))
    categories = models.JSONField(default=list)
    """Codes of the categories that concern it."""
    class_code = models.CharField(max_length=8, default="")
    """Digits between the city's code and the sequence, in codes that are given here."""
    position = models.IntegerField(default=0)
    strata = models.JSONField(default=on_the_ground)
    """Where somebody has to answer for its objects: on, under, above."""
    managed = models.BooleanField(default=False)
    """Every spot of its objects must have somebody above the fallback."""

    class Meta:
        db_table = "registry_layer"
        verbose_name = _("Layer")
        verbose_name_plural = _("Layers")
        ordering = ("position", "code")

    def __str__(self) -> str:
        return self.code


class UrbanObject(models.Model):
    """One thing of a layer as it is now; how it came to be so stands in its changes. Ended codes stay ended."""

    layer = models.ForeignKey(Layer, on_delete=models.PROTECT, verbose_name=_("layer"))
    code = models.CharField(max_length=40, unique=True, verbose_name=_("code"))
    name = models.CharField(max_length=200, default="", verbose_name=_("name"))
    shape = models.BinaryField()
    """WKB in WGS-84."""
    box = BoxField()
    area = models.ForeignKey("places.Area", on_delete=models.PROTECT, null=True, verbose_name=_("area"))
    grid = models.ForeignKey("places.UnitGrid", on_delete=models.PROTECT, null=True)
    attributes = models.JSONField(default=dict)
    state = models.CharField(max_length=20, default="", verbose_name=_("state"))
    """Also the phase by which the ledger may name who answers, such as main works, handed over, vacated."""
    owner = models.ForeignKey("accounts.Organisation", on_delete=models.PROTECT, null=True, related_name="+")
    maintainer = models.ForeignKey("accounts.Organisation", on_delete=models.PROTECT, null=True, related_name="+")
    supervisor = models.ForeignKey("accounts.Organisation", on_delete=models.PROTECT, null=True, related_name="+")
    generated = models.BooleanField(default=False)
    """Made by a generator: nothing in the world stands there."""
    valid_from = models.DateField(verbose_name=_("valid from"))
    valid_to = models.DateField(null=True, verbose_name=_("valid until"))

    class Meta:
        db_table = "registry_object"
        verbose_name = _("Object")
        verbose_name_plural = _("Objects")
        indexes = [
            GistIndex(fields=["layer", "box"], name="registry_object_near"),
            models.Index(fields=["area", "layer"], name="registry_object_census"),
        ]

    def __str__(self) -> str:
        return self.code


class ObjectChange(models.Model):
    """What happened to an object on a day: it came, changed, moved or went. Append-only.

    `before` holds the fields that were otherwise, so that an object is known as it was on any day; `source`: the file.
    """

    class Kind(models.TextChoices):
        NEW = "new", _("new")
        CHANGED = "changed", _("changed")
        MOVED = "moved", _("moved")
        GONE = "gone", _("gone")

    object = models.ForeignKey(UrbanObject, on_delete=models.PROTECT, related_name="changes")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    day = models.DateField()
    recorded_at = models.DateTimeField()
    by = models.CharField(max_length=60)
    source = models.CharField(max_length=200, default="")
    before = models.JSONField(default=dict)

    class Meta:
        db_table = "registry_objectchange"
        indexes = [models.Index(fields=["object", "id"], name="registry_objectchange_of")]


class ObjectImport(models.Model):
    """A file of objects that somebody looks at before it is taken in, and what it would do. Kept for an hour."""

    id = models.UUIDField(primary_key=True)
    layer = models.ForeignKey(Layer, on_delete=models.CASCADE)
    name = models.CharField(max_length=200)
    data = models.BinaryField()
    datum = models.CharField(max_length=10)
    encoding = models.CharField(max_length=40, default="")
    whole = models.BooleanField()
    by = models.CharField(max_length=60)
    made_at = models.DateTimeField()
    stamp = models.CharField(max_length=200)
    """What the difference rests on: another one means that the layer has changed since."""
    found = models.JSONField()
    applied_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "registry_objectimport"


class Handover(models.Model):
    """An object passed from one phase to the next, signed by who gave and who took it over. Append-only."""

    object = models.ForeignKey(UrbanObject, on_delete=models.PROTECT, related_name="handovers")
    from_phase = models.CharField(max_length=20, default="")
    to_phase = models.CharField(max_length=20)
    day = models.DateField()
    giver = models.ForeignKey("accounts.Organisation", on_delete=models.PROTECT, related_name="+")
    taker = models.ForeignKey("accounts.Organisation", on_delete=models.PROTECT, related_name="+")
    basis = models.CharField(max_length=200)
    recorded_at = models.DateTimeField()
    by = models.CharField(max_length=60)

    class Meta:
        db_table = "registry_handover"
        indexes = [models.Index(fields=["object", "day"], name="registry_handover_of")]


class DutyProposal(Proposed):
    """A dated change of the ledger, which becomes rows when those whom it concerns agree and a second person approves.

    `changes`: one object for each duty, {"code", "before", "after"}: as it stands and as it is to stand, each whole
    as of `duties.as_json`; null where there is none. `consents`: {"organisation", "by", "at"} of who gains or loses.
    """

    consents = models.JSONField(default=list)
    disputes = models.BooleanField(default=False)
    """It says of itself that it makes a dispute."""

    class Meta:
        db_table = "registry_proposal"
        verbose_name = _("Proposal")
        verbose_name_plural = _("Proposals")
