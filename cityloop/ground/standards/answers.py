"""Answers of the API: rules, changes and proposals as people read them."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from django.db.models import Count

from cityloop.core.actor import Actor
from cityloop.core.errors import Unknown
from cityloop.ground.accounts.queries import names_of
from cityloop.ground.standards.editions import RuleChange, changes_of, crosswalk_pairs, last_edition, rules_of, said
from cityloop.ground.standards.editions import differences as differing
from cityloop.ground.standards.models import Category, Edition, Proposal, ProposalState
from cityloop.ground.standards.proposals import APPROVE, PROPOSE
from cityloop.ground.standards.rows import CategoryData, RuleData, as_json
from cityloop.ground.standards.shelf import NOBODY, Entry, Shelf, said_in

MOST_PROPOSALS = 200


def named(row: CategoryData, language: str) -> str:
    return row.names.get(language) or row.name


def rule(entry: Entry, shelf: Shelf, language: str) -> dict[str, Any]:
    """A rule in a language."""
    row, category, major = entry.rule, entry.category, entry.major
    found = as_json(row)
    for name in ("situation_names", "translations"):
        del found[name]
    return found | said_in(language, row) | {
        "category_name": named(category, language),
        "kind": category.kind,
        "local": category.local,
        "major": major.code,
        "major_name": named(major, language),
        "scheme": shelf.scheme,
        "situation_name": situation(row, language),
        "documents": [_clause(shelf, code, clause, language) for code, clause in row.documents],
    }  # fmt: skip


def _clause(shelf: Shelf, code: str, clause: str, language: str) -> dict[str, Any]:
    document = shelf.documents[code]
    title = document.titles.get(language) or document.title
    return {"code": code, "title": title, "kind": document.kind, "clause": clause, "link": document.link}


def situation(rule: RuleData, language: str) -> str:
    return rule.situation_names.get(language) or next(iter(rule.situation_names.values()), rule.situation)


def tree(shelf: Shelf, language: str) -> list[dict[str, Any]]:
    """Majors with their minors, as codes order them."""
    minors: dict[str, list[Entry]] = defaultdict(list)
    for entry in shelf.entries:
        minors[entry.category.code].append(entry)
    majors: dict[str, list[list[Entry]]] = defaultdict(list)
    for code in sorted(minors):
        majors[minors[code][0].major.code].append(minors[code])
    return [
        {
            "code": code,
            "name": named(found[0][0].major, language),
            "kind": found[0][0].major.kind or found[0][0].category.kind,
            "rules": sum(map(len, found)),
            "minors": [_minor(entries, language) for entries in found],
        }
        for code, found in sorted(majors.items())
    ]


def _minor(entries: Sequence[Entry], language: str) -> dict[str, Any]:
    category = entries[0].category
    return {
        "code": category.code,
        "name": named(category, language),
        "kind": category.kind,
        "local": category.local,
        "situations": sum(bool(entry.rule.situation) for entry in entries),
        "urgent": sum(entry.rule.urgent for entry in entries),
        "limited": any(entry.rule.limits for entry in entries),
    }


def editions(today: date) -> list[dict[str, Any]]:
    """All editions, the latest first; one statement."""
    rows = Edition.objects.annotate(rules=Count("rule")).order_by("-valid_from", "-id")
    fields = ("code", "scheme", "valid_from", "valid_to", "rules", "proposal__id")
    found = []
    for row in rows.values(*fields):
        begins, ends = row["valid_from"], row["valid_to"]
        in_force = begins <= today and (ends is None or today < ends)
        found.append(row | {"in_force": in_force, "proposal": row["proposal__id"]})
    return found


def changes(found: Iterable[RuleChange], categories: dict[str, CategoryData], language: str) -> list[dict[str, Any]]:
    answers = []
    for change in found:
        row = change.after or change.before
        assert row is not None  # one of both is there
        answers.append({
            "change": change.kind,
            "category": row.category,
            "category_name": named(categories.get(row.category, NOBODY), language),
            "situation": row.situation,
            "situation_name": situation(row, language),
            "fields": list(change.fields),
            "before": as_json(change.before) if change.before else None,
            "after": as_json(change.after) if change.after else None,
        })  # fmt: skip
    return answers


def documents(shelf: Shelf, language: str) -> list[dict[str, Any]]:
    uses = Counter(code for entry in shelf.entries for code in {code for code, _clause in entry.rule.documents})
    return [
        row._asdict()
        | {
            "title": row.titles.get(language) or row.title,
            "summary": row.summaries.get(language) or row.summary,
            "rules": uses[row.code],
        }
        for row in shelf.documents.values()
    ]


def crosswalk(from_scheme: str, to_scheme: str, language: str) -> dict[str, Any]:
    """What counts as what, straight or over one scheme between; two statements. Unknown where nothing leads there."""
    ties: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for (one, code), (other, target) in crosswalk_pairs():
        ties[one, other][code] = target
    straight = ties.get((from_scheme, to_scheme))
    pairs = {code: (target, "") for code, target in straight.items()} if straight else {}
    if straight is None:
        between = next((via for one, via in ties if one == from_scheme and (via, to_scheme) in ties), None)
        if between is None:
            raise Unknown("crosswalk_none", one=from_scheme, other=to_scheme)
        onward = ties[between, to_scheme]
        pairs = {code: (onward[via], via) for code, via in ties[from_scheme, between].items() if via in onward}
    rows = Category.objects.filter(scheme__in=(from_scheme, to_scheme)).values_list("scheme", "code", "name", "names")
    names = {(scheme, code): said.get(language) or name for scheme, code, name, said in rows}
    return {
        "from_scheme": from_scheme,
        "to_scheme": to_scheme,
        "schemes": sorted(ties),
        "pairs": [
            {
                "from_code": code,
                "from_name": names[from_scheme, code],
                "to_code": target,
                "to_name": names[to_scheme, target],
                "through": [via] if via else [],
            }
            for code, (target, via) in sorted(pairs.items())
        ],
    }


# Proposals


def proposals(actor: Actor, state: str = "") -> list[dict[str, Any]]:
    """The latest ones first; three statements."""
    rows = Proposal.objects.select_related("base", "edition").order_by("-id")
    found = list(rows.filter(state=state) if state else rows)[:MOST_PROPOSALS]
    last = last_edition().pk
    names = names_of({key for row in found for key in (row.made_by, row.submitted_by, row.decided_by)})
    return [_proposal(row, actor, names, last) for row in found]


def proposal(number: int, actor: Actor, categories: dict[str, CategoryData], language: str) -> dict[str, Any]:
    """One with its difference, and where it is stale with what has changed since."""
    row = Proposal.objects.select_related("base", "edition").filter(pk=number).first()
    if row is None:
        raise Unknown("proposal_unknown", proposal=number)
    last = last_edition()
    names = names_of({row.made_by, row.submitted_by, row.decided_by})
    fresh = {one["code"]: CategoryData(**one) for one in row.categories}
    known = {**categories, **fresh}
    found = _proposal(row, actor, names, last.pk)
    since = differing(said(rules_of(row.base_id)), said(rules_of(last.pk))) if found["stale"] else []
    return found | {
        "differences": changes(changes_of(row), known, language),
        "new_categories": [one._asdict() | {"name": named(one, language)} for one in fresh.values()],
        "since": changes(since, known, language),
    }


def _proposal(row: Proposal, actor: Actor, names: dict[str, str], last: int) -> dict[str, Any]:
    stale = row.state in (ProposalState.DRAFT, ProposalState.SUBMITTED) and row.base_id != last
    return {
        "number": row.pk,
        **{name: getattr(row, name) for name in ("title", "reason", "basis", "scheme", "begins", "state", "note")},
        "base": row.base.code,
        "made": _person(names, row.made_by, row.made_at),
        "submitted": _person(names, row.submitted_by, row.submitted_at),
        "decided": _person(names, row.decided_by, row.decided_at),
        "edition": row.edition.code if row.edition else None,
        "changes": len(row.changes),
        "categories": len(row.categories),
        "stale": stale,
        "may": _may(row, actor, stale),
    }


def _person(names: dict[str, str], key: str, at: datetime | None) -> dict[str, Any] | None:
    return None if at is None else {"name": names.get(key, ""), "at": at}


def _may(row: Proposal, actor: Actor, stale: bool) -> list[str]:
    """What the asker may do: edit, rebase, submit, withdraw, approve, reject."""
    found = []
    if actor.may(PROPOSE) and row.state == ProposalState.DRAFT:
        found += ["edit", "rebase" if stale else "submit"]
    if actor.may(PROPOSE) and row.state in (ProposalState.DRAFT, ProposalState.SUBMITTED):
        found.append("withdraw")
    if actor.may(APPROVE) and row.state == ProposalState.SUBMITTED and actor.key not in row.hands:
        found += ["reject"] if stale else ["approve", "reject"]
    return found
