"""The rule book: categories, and rows of rules in dated editions that are never edited in place."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from cityloop.core import texts
from cityloop.core.units import LimitUnit

UNIT_TITLES = [
    (LimitUnit.HOURS.value, _("hours")),
    (LimitUnit.WORKING_HOURS.value, _("working hours")),
    (LimitUnit.DAYS.value, _("days")),
    (LimitUnit.WORKING_DAYS.value, _("working days")),
]


class Category(models.Model):
    """A kind of problem. Codes mean something only together with their scheme."""

    scheme = models.CharField(max_length=40, verbose_name=_("scheme"))
    code = models.CharField(max_length=40, verbose_name=_("code"))
    kind = models.CharField(
        max_length=12, choices=[("component", _("component")), ("event", _("event"))], verbose_name=_("kind")
    )
    level = models.CharField(
        max_length=12, choices=[("major", _("major category")), ("minor", _("minor category"))], verbose_name=_("level")
    )
    name = models.CharField(max_length=200, verbose_name=_("name"))
    names = models.JSONField(default=dict)
    parent = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="children", verbose_name=_("above it")
    )

    class Meta:
        db_table = "standards_category"
        verbose_name = _("Category")
        verbose_name_plural = _("Categories")
        constraints = [models.UniqueConstraint(fields=["scheme", "code"], name="standards_category_code")]

    def __str__(self) -> str:
        return f"{self.code} {self.names.get(texts.spoken(), self.name)}"


class Edition(models.Model):
    """A rule book in force from a day on. A case stays under the edition it was opened in."""

    code = models.CharField(max_length=40, unique=True, verbose_name=_("code"))
    digest = models.CharField(max_length=64, verbose_name=_("digest"))
    valid_from = models.DateField(verbose_name=_("valid from"))
    valid_to = models.DateField(null=True, verbose_name=_("valid until"))

    class Meta:
        db_table = "standards_edition"
        verbose_name = _("Edition")
        verbose_name_plural = _("Editions")

    def __str__(self) -> str:
        return self.code


class Rule(models.Model):
    """One row of an edition: what counts as a case, by when it must be done, when it may be closed."""

    edition = models.ForeignKey(Edition, on_delete=models.PROTECT, verbose_name=_("edition"))
    category = models.ForeignKey(Category, on_delete=models.PROTECT, verbose_name=_("category"))
    situation = models.CharField(max_length=60, default="", verbose_name=_("situation"))
    filing_condition = models.TextField(default="", verbose_name=_("filing condition"))
    closing_condition = models.TextField(default="", verbose_name=_("closing condition"))
    self_handling = models.BooleanField(default=False)
    check_mode = models.CharField(max_length=20, default="on_site")
    closing_kinds = models.JSONField(default=list)
    law_clause = models.TextField(default="")
    source = models.CharField(max_length=200, default="", verbose_name=_("source"))

    class Meta:
        db_table = "standards_rule"
        verbose_name = _("Rule")
        verbose_name_plural = _("Rules")
        constraints = [models.UniqueConstraint(fields=["edition", "category", "situation"], name="standards_rule_row")]

    def __str__(self) -> str:
        return f"{self.category} {self.situation}".strip()


class Limit(models.Model):
    """One limit of a rule: a stage and part of it, a value and unit on a calendar, for an area class and season."""

    rule = models.ForeignKey(Rule, on_delete=models.PROTECT, related_name="limits")
    position = models.PositiveSmallIntegerField(default=0)
    stage = models.CharField(max_length=20, default="handle", verbose_name=_("stage"))
    part = models.CharField(max_length=60, default="", verbose_name=_("part"))
    value = models.DecimalField(max_digits=9, decimal_places=3, verbose_name=_("value"))
    unit = models.CharField(max_length=2, choices=UNIT_TITLES, verbose_name=_("unit"))
    calendar = models.CharField(max_length=40, default="default", verbose_name=_("calendar"))
    area_class = models.CharField(max_length=20, default="", verbose_name=_("area class"))
    season = models.CharField(max_length=20, default="", verbose_name=_("season"))

    class Meta:
        db_table = "standards_limit"
        verbose_name = _("Limit")
        verbose_name_plural = _("Limits")
        constraints = [
            models.CheckConstraint(condition=models.Q(value__gt=0), name="standards_limit_positive"),
            models.UniqueConstraint(
                fields=["rule", "stage", "position", "area_class", "season"], name="standards_limit_place"
            ),
        ]
