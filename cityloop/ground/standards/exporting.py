"""The rule book as files: the very tables that packs and imports read."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence

from cityloop.core import workbooks
from cityloop.core.fields import Row
from cityloop.ground.standards.editions import categories_of, crosswalk_pairs, documents, rules_of
from cityloop.ground.standards.lines import CategoryLine, CrosswalkLine, DocumentLine, RuleLine, cells_of
from cityloop.ground.standards.models import Edition
from cityloop.ground.standards.rows import CategoryData, DocumentData

Lines = Iterable[Mapping[str, str]]


def to_csv(edition: Edition) -> str:
    """rules.csv of an edition."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(_table(RuleLine, _rules(edition)))
    return out.getvalue()


def to_workbook(edition: Edition) -> bytes:
    """The rules of an edition, with the categories of its scheme, the documents and the crosswalk."""
    scheme = edition.scheme
    pairs = [
        {"from_scheme": one[0], "from_code": one[1], "to_scheme": other[0], "to_code": other[1]}
        for one, other in crosswalk_pairs()
    ]
    tables = {
        "rules": _table(RuleLine, _rules(edition)),
        "categories": _table(CategoryLine, map(_category, categories_of(scheme))),
        "documents": _table(DocumentLine, map(_document, documents())),
        "crosswalk": _table(CrosswalkLine, pairs),
    }
    position = tables["rules"][0].index("value") if "value" in tables["rules"][0] else None
    rules = [[_number(cell) if at == position else cell for at, cell in enumerate(row)] for row in tables["rules"]]
    return workbooks.write({**tables, "rules": rules})


def _number(cell: str) -> str | float:
    return float(cell) if cell.replace(".", "", 1).isdigit() else cell


def _rules(edition: Edition) -> Lines:
    """Lines of all rules that say anything: the empty one of a category is made again when the file is read."""
    return [line for rule in rules_of(edition.pk) if not rule.empty for line in cells_of(rule)]


def _table(kind: type[Row], lines: Lines) -> list[Sequence[str]]:
    """The columns that are used, then the lines."""
    lines = list(lines)
    columns = [
        name
        for name, field in kind.model_fields.items()
        if field.is_required() or any(line.get(name) for line in lines)
    ]
    return [columns, *([line.get(column, "") for column in columns] for line in lines)]


def _category(row: CategoryData) -> dict[str, str]:
    return {
        "code": row.code,
        "name": row.name,
        "name_zh": row.names.get("zh", ""),
        "name_en": row.names.get("en", ""),
        "kind": row.kind,
        "level": row.level,
        "parent": row.parent,
        "local": "yes" if row.local else "",
        "source": row.source,
    }


def _document(row: DocumentData) -> dict[str, str]:
    return {
        "code": row.code,
        "title": row.title,
        "title_zh": row.titles.get("zh", ""),
        "title_en": row.titles.get("en", ""),
        "kind": row.kind,
        "issuer": row.issuer,
        "issued_on": row.issued_on.isoformat() if row.issued_on else "",
        "summary": row.summary,
        "summary_zh": row.summaries.get("zh", ""),
        "summary_en": row.summaries.get("en", ""),
        "link": row.link,
    }
