"""Where things are: the city, its dated tree of areas, its unit grids."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, GistIndex
from django.db import models
from django.utils.translation import gettext_lazy as _

from cityloop.core import texts


class City(models.Model):
    """The one city of this deployment, and the settings its pack gives it."""

    code = models.CharField(max_length=6, primary_key=True)
    name = models.CharField(max_length=100)
    names = models.JSONField(default=dict)
    zone = models.CharField(max_length=60)
    pack = models.CharField(max_length=60)
    digest = models.CharField(max_length=64)
    settings = models.JSONField(default=dict)
    clock_shift = models.DurationField(default="0")
    known_until = models.DateTimeField(null=True)
    """Up to when a replayed history is known; the city's clock never stands before it."""
    made_by_demo = models.BooleanField(default=False)
    """This database was empty when `demo` set the city up: demo accounts may live here, and nowhere else."""
    only = models.BooleanField(default=True, unique=True)

    class Meta:
        db_table = "places_city"
        constraints = [models.CheckConstraint(condition=models.Q(only=True), name="places_city_only_one")]


class Area(models.Model):
    """A management area. Divisions are one scheme of areas; others need not follow code prefixes."""

    scheme = models.CharField(max_length=30, default="division", verbose_name=_("scheme"))
    code = models.CharField(max_length=40, verbose_name=_("code"))
    level = models.CharField(max_length=30, verbose_name=_("level"))
    name = models.CharField(max_length=120, verbose_name=_("name"))
    names = models.JSONField(default=dict)
    parent = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="children", verbose_name=_("above it")
    )
    path = ArrayField(models.BigIntegerField(), default=list)
    """Ids from the top down to this area itself."""
    shape = models.BinaryField(null=True)
    """WKB in WGS-84, where a boundary is known."""
    generated = models.BooleanField(default=False)
    """Drawn by a generator: no survey and no authority drew it."""
    hours = models.JSONField(default=dict)
    """When it counts: weekday (mon to sun) to periods; {} is always."""
    valid_from = models.DateField(verbose_name=_("valid from"))
    valid_to = models.DateField(null=True, verbose_name=_("valid until"))

    class Meta:
        db_table = "places_area"
        verbose_name = _("Area")
        verbose_name_plural = _("Areas")
        constraints = [
            models.UniqueConstraint(fields=["scheme", "code", "valid_from"], name="places_area_dated"),
            models.CheckConstraint(
                condition=models.Q(valid_to=None) | models.Q(valid_to__gt=models.F("valid_from")),
                name="places_area_dates",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.names.get(texts.spoken(), self.name)}"


class AreaClass(models.Model):
    """What an area counts as under a scheme, such as core, general and other areas for limits; dated."""

    scheme = models.CharField(max_length=30, default="limits")
    area = models.ForeignKey(Area, on_delete=models.PROTECT)
    name = models.CharField(max_length=20)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)

    class Meta:
        db_table = "places_areaclass"
        constraints = [
            models.UniqueConstraint(fields=["scheme", "area", "valid_from"], name="places_areaclass_dated"),
            models.CheckConstraint(
                condition=models.Q(valid_to=None) | models.Q(valid_to__gt=models.F("valid_from")),
                name="places_areaclass_dates",
            ),
        ]


class UnitGrid(models.Model):
    """About 10 000 m2 with a code that begins with its area's code. Removed grids end; codes are not reused."""

    code = models.CharField(max_length=40, unique=True)
    area = models.ForeignKey(Area, on_delete=models.PROTECT)
    west = models.FloatField()
    south = models.FloatField()
    east = models.FloatField()
    north = models.FloatField()
    shape = models.BinaryField(null=True)
    """WKB in WGS-84; None: it is its box."""
    generated = models.BooleanField(default=False)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)

    class Meta:
        db_table = "places_unitgrid"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(west__lt=models.F("east"), south__lt=models.F("north")),
                name="places_unitgrid_box",
            )
        ]


class AreaGrid(models.Model):
    """A unit grid counts to an area of any scheme, such as a collector's beat, for a time."""

    area = models.ForeignKey(Area, on_delete=models.PROTECT)
    grid = models.ForeignKey(UnitGrid, on_delete=models.PROTECT)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)

    class Meta:
        db_table = "places_areagrid"
        constraints = [
            models.UniqueConstraint(fields=["area", "grid", "valid_from"], name="places_areagrid_dated"),
            models.CheckConstraint(
                condition=models.Q(valid_to=None) | models.Q(valid_to__gt=models.F("valid_from")),
                name="places_areagrid_dates",
            ),
        ]


class PlaceName(models.Model):
    """Something that people name when they say where: an area, a road, a crossing, a place, an address.

    Each comes from a `source` (the areas, a layer, a file, the reports of the past) that replaces what it said before.
    """

    class Kind(models.TextChoices):
        AREA = "area", _("area")
        ROAD = "road", _("road")
        CROSSING = "crossing", _("crossing")
        PLACE = "place", _("place")

    source = models.CharField(max_length=60)
    code = models.CharField(max_length=120)
    """Known by this in its source."""
    kind = models.CharField(max_length=10, choices=Kind.choices)
    name = models.CharField(max_length=200)
    names = models.JSONField(default=dict)
    lon = models.FloatField(null=True)
    lat = models.FloatField(null=True)
    area = models.ForeignKey(Area, on_delete=models.PROTECT, null=True)
    weight = models.SmallIntegerField(default=0)
    """Of equals the one with more comes first."""
    public = models.BooleanField(default=True)
    generated = models.BooleanField(default=False)

    class Meta:
        db_table = "places_placename"
        constraints = [models.UniqueConstraint(fields=["source", "code"], name="places_placename_of_source")]
        indexes = [
            GistIndex(models.Func("lon", "lat", function="point"), name="places_placename_point"),
        ]


class NameKey(models.Model):
    """One way to ask for a name, as `spelling.keys` writes it."""

    name = models.ForeignKey(PlaceName, on_delete=models.CASCADE, related_name="keys")
    kind = models.CharField(max_length=1)
    key = models.CharField(max_length=200)

    class Meta:
        db_table = "places_namekey"
        indexes = [
            models.Index(fields=["key"], opclasses=["varchar_pattern_ops"], name="places_namekey_begins"),
            GinIndex(
                fields=["key"],
                opclasses=["gin_trgm_ops"],
                condition=models.Q(kind="n"),
                name="places_namekey_alike",
            ),
        ]


class HouseNumber(models.Model):
    """A number, or some, along a road."""

    road = models.ForeignKey(PlaceName, on_delete=models.CASCADE, related_name="numbers")
    first = models.IntegerField()
    last = models.IntegerField()
    lon = models.FloatField()
    lat = models.FloatField()

    class Meta:
        db_table = "places_housenumber"
        constraints = [models.UniqueConstraint(fields=["road", "first", "last"], name="places_housenumber_once")]
        indexes = [GistIndex(models.Func("lon", "lat", function="point"), name="places_housenumber_point")]
