"""The rule book: categories, and rows of rules in dated editions that are never edited in place."""

from django.db import models

from cityloop.core.units import LimitUnit


class Category(models.Model):
    """A kind of problem. Codes mean something only together with their scheme."""

    scheme = models.CharField(max_length=40)
    code = models.CharField(max_length=40)
    kind = models.CharField(max_length=12, choices=[("component", "component"), ("event", "event")])
    level = models.CharField(max_length=12, choices=[("major", "major"), ("minor", "minor")])
    name = models.CharField(max_length=200)
    names = models.JSONField(default=dict)
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="children")

    class Meta:
        db_table = "standards_category"
        constraints = [models.UniqueConstraint(fields=["scheme", "code"], name="standards_category_code")]


class Edition(models.Model):
    """A rule book in force from a day on. A case stays under the edition it was opened in."""

    code = models.CharField(max_length=40, unique=True)
    digest = models.CharField(max_length=64)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)

    class Meta:
        db_table = "standards_edition"


class Rule(models.Model):
    """One row of an edition: what counts as a case, by when it must be done, when it may be closed."""

    edition = models.ForeignKey(Edition, on_delete=models.PROTECT)
    category = models.ForeignKey(Category, on_delete=models.PROTECT)
    situation = models.CharField(max_length=60, default="")
    filing_condition = models.TextField(default="")
    closing_condition = models.TextField(default="")
    self_handling = models.BooleanField(default=False)
    check_mode = models.CharField(max_length=20, default="on_site")
    closing_kinds = models.JSONField(default=list)
    law_clause = models.TextField(default="")
    source = models.CharField(max_length=200, default="")

    class Meta:
        db_table = "standards_rule"
        constraints = [models.UniqueConstraint(fields=["edition", "category", "situation"], name="standards_rule_row")]


class Limit(models.Model):
    """One limit of a rule: a stage and part of it, a value and unit on a calendar, for an area class and season."""

    rule = models.ForeignKey(Rule, on_delete=models.PROTECT, related_name="limits")
    position = models.PositiveSmallIntegerField(default=0)
    stage = models.CharField(max_length=20, default="handle")
    part = models.CharField(max_length=60, default="")
    value = models.DecimalField(max_digits=9, decimal_places=3)
    unit = models.CharField(max_length=2, choices=[(unit.value, unit.value) for unit in LimitUnit])
    calendar = models.CharField(max_length=40, default="default")
    area_class = models.CharField(max_length=20, default="")
    season = models.CharField(max_length=20, default="")

    class Meta:
        db_table = "standards_limit"
        constraints = [
            models.CheckConstraint(condition=models.Q(value__gt=0), name="standards_limit_positive"),
            models.UniqueConstraint(
                fields=["rule", "stage", "position", "area_class", "season"], name="standards_limit_place"
            ),
        ]
