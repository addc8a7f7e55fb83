"""The rule book: categories and their crosswalk, documents, rules in dated editions, and proposals to change them.

Rules, limits and their documents only grow: the database refuses to change or remove them.
"""

from django.db import models
from django.utils.translation import gettext_lazy as _

from cityloop.core import texts
from cityloop.core.units import UNIT_TITLES
from cityloop.ground.standards.words import CATEGORY_KINDS, PROPOSAL_STATES

KIND_TITLES = [(kind, _(title)) for kind, title in CATEGORY_KINDS.items()]
UNITS = [(unit.value, _(title)) for unit, title in UNIT_TITLES.items()]
LEVEL_TITLES = [("major", _("major category")), ("minor", _("minor category"))]


class Category(models.Model):
    """A kind of problem, or an item of an assessment. Codes mean something only together with their scheme."""

    scheme = models.CharField(max_length=40, verbose_name=_("scheme"))
    code = models.CharField(max_length=40, verbose_name=_("code"))
    kind = models.CharField(max_length=12, choices=KIND_TITLES, verbose_name=_("kind"))
    level = models.CharField(max_length=12, choices=LEVEL_TITLES, verbose_name=_("level"))
    name = models.CharField(max_length=200, verbose_name=_("name"))
    names = models.JSONField(default=dict)
    parent = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="children", verbose_name=_("above it")
    )
    local = models.BooleanField(default=False, verbose_name=_("local extension"))
    source = models.CharField(max_length=200, default="", verbose_name=_("source"))

    class Meta:
        db_table = "standards_category"
        verbose_name = _("Category")
        verbose_name_plural = _("Categories")
        constraints = [models.UniqueConstraint(fields=["scheme", "code"], name="standards_category_code")]

    def __str__(self) -> str:
        return f"{self.code} {self.names.get(texts.spoken(), self.name)}"


class Edition(models.Model):
    """A rule book in force from a day on, for the categories of one scheme. A case stays under the edition it was
    opened in; no two editions hold on one day."""

    code = models.CharField(max_length=40, unique=True, verbose_name=_("code"))
    scheme = models.CharField(max_length=40, default="", verbose_name=_("scheme"))
    valid_from = models.DateField(verbose_name=_("valid from"))
    valid_to = models.DateField(null=True, verbose_name=_("valid until"))

    class Meta:
        db_table = "standards_edition"
        verbose_name = _("Edition")
        verbose_name_plural = _("Editions")

    def __str__(self) -> str:
        return self.code


class Rule(models.Model):
    """One row of an edition: what counts as a case, by when it must be done, when it may be closed.

    `translations`: language to any of `filing_condition`, `closing_condition`, `do_not_collect`. `no_collect`: windows
    as of `rows.WindowData`. `photos`: [{"kind": "before", "app": true}]. `closing_kinds`: empty for all of them.
    """

    edition = models.ForeignKey(Edition, on_delete=models.PROTECT, verbose_name=_("edition"))
    category = models.ForeignKey(Category, on_delete=models.PROTECT, verbose_name=_("category"))
    situation = models.CharField(max_length=60, default="", verbose_name=_("situation"))
    situation_names = models.JSONField(default=dict)
    filing_condition = models.TextField(default="", verbose_name=_("filing condition"))
    closing_condition = models.TextField(default="", verbose_name=_("closing condition"))
    do_not_collect = models.TextField(default="", verbose_name=_("walked past"))
    translations = models.JSONField(default=dict)
    no_collect = models.JSONField(default=list)
    photos = models.JSONField(default=list)
    handlers = models.JSONField(default=list)
    urgent = models.BooleanField(default=False, verbose_name=_("urgent"))
    self_handling = models.BooleanField(default=False, verbose_name=_("self-handling"))
    self_handling_cap = models.PositiveSmallIntegerField(null=True)
    check_mode = models.CharField(max_length=20, default="on_site")
    check_window = models.CharField(max_length=20, default="")
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
    """One limit of a rule: a stage and part of it, a value and unit on a calendar, for an area class and season.

    Parts of one stage run one after another, by `position`; an empty area class or season is any.
    """

    rule = models.ForeignKey(Rule, on_delete=models.PROTECT, related_name="limits")
    position = models.PositiveSmallIntegerField(default=0)
    stage = models.CharField(max_length=20, default="handle", verbose_name=_("stage"))
    part = models.CharField(max_length=60, default="", verbose_name=_("part"))
    value = models.DecimalField(max_digits=9, decimal_places=3, verbose_name=_("value"))
    unit = models.CharField(max_length=2, choices=UNITS, verbose_name=_("unit"))
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


class Document(models.Model):
    """A law, standard, guide or notice that rules rest on."""

    code = models.CharField(max_length=40, unique=True, verbose_name=_("code"))
    title = models.CharField(max_length=300, verbose_name=_("title"))
    titles = models.JSONField(default=dict)
    kind = models.CharField(max_length=20, verbose_name=_("kind"))
    issuer = models.CharField(max_length=200, default="", verbose_name=_("issuer"))
    issued_on = models.DateField(null=True, verbose_name=_("issued on"))
    summary = models.TextField(default="", verbose_name=_("summary"))
    summaries = models.JSONField(default=dict)
    link = models.CharField(max_length=500, default="", verbose_name=_("link"))

    class Meta:
        db_table = "standards_document"
        verbose_name = _("Document")
        verbose_name_plural = _("Documents")

    def __str__(self) -> str:
        return f"{self.code} {self.titles.get(texts.spoken(), self.title)}"


class RuleDocument(models.Model):
    """A clause of a document that a rule rests on."""

    rule = models.ForeignKey(Rule, on_delete=models.PROTECT, related_name="documents")
    document = models.ForeignKey(Document, on_delete=models.PROTECT, verbose_name=_("document"))
    clause = models.CharField(max_length=200, default="", verbose_name=_("clause"))

    class Meta:
        db_table = "standards_ruledocument"
        constraints = [
            models.UniqueConstraint(fields=["rule", "document", "clause"], name="standards_ruledocument_clause")
        ]


class Crosswalk(models.Model):
    """A category of one scheme counts as a category of another; as one of them only in each other scheme."""

    from_category = models.ForeignKey(Category, on_delete=models.PROTECT, related_name="crosswalk_to")
    to_category = models.ForeignKey(Category, on_delete=models.PROTECT, related_name="crosswalk_from")

    class Meta:
        db_table = "standards_crosswalk"
        constraints = [
            models.UniqueConstraint(fields=["from_category", "to_category"], name="standards_crosswalk_pair")
        ]


class ProposalState(models.TextChoices):
    DRAFT = "draft", _(PROPOSAL_STATES["draft"])
    SUBMITTED = "submitted", _(PROPOSAL_STATES["submitted"])
    APPROVED = "approved", _(PROPOSAL_STATES["approved"])
    REJECTED = "rejected", _(PROPOSAL_STATES["rejected"])
    WITHDRAWN = "withdrawn", _(PROPOSAL_STATES["withdrawn"])


class Proposed(models.Model):
    """A dated change on its way: drafted, handed in, decided by somebody who had no hand in it.

    `changes`: one JSON object for each row touched, with what it is "before" and "after". `basis`: the code of a
    document, or words. Persons are actors' keys; `hands`: all who shaped it, and so may not decide on it.
    """

    title = models.CharField(max_length=200, verbose_name=_("title"))
    reason = models.TextField(default="", verbose_name=_("reason"))
    basis = models.CharField(max_length=200, default="", verbose_name=_("basis"))
    begins = models.DateField(verbose_name=_("begins"))
    changes = models.JSONField(default=list)
    state = models.CharField(max_length=12, choices=ProposalState, default=ProposalState.DRAFT, verbose_name=_("state"))
    made_by = models.CharField(max_length=80)
    made_at = models.DateTimeField()
    hands = models.JSONField(default=list)
    submitted_by = models.CharField(max_length=80, default="")
    submitted_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=80, default="")
    decided_at = models.DateTimeField(null=True)
    note = models.TextField(default="")

    class Meta:
        abstract = True


class Proposal(Proposed):
    """A change of the rule book, which becomes an edition when a second person approves it.

    `changes`: {"category", "situation", "before", "after"}: the rule as it stands in the base edition and as it is to
    stand, each whole as of `rows.as_json`; null where there is none. `categories`: categories that come with it, as of
    `rows.CategoryData`.
    """

    scheme = models.CharField(max_length=40, verbose_name=_("scheme"))
    base = models.ForeignKey(Edition, on_delete=models.PROTECT, related_name="proposals", verbose_name=_("edition"))
    categories = models.JSONField(default=list)
    edition = models.OneToOneField(Edition, on_delete=models.PROTECT, null=True, related_name="proposal")

    class Meta:
        db_table = "standards_proposal"
        verbose_name = _("Proposal")
        verbose_name_plural = _("Proposals")
