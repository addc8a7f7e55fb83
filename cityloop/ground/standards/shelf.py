"""The rule book as people read it: an edition whole, with the names of everything, searched in memory."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple
from unicodedata import normalize

from cityloop.core.errors import Unknown
from cityloop.ground.standards.editions import categories_of, documents, rules_of
from cityloop.ground.standards.models import Edition
from cityloop.ground.standards.rows import PROSE, CategoryData, DocumentData, RuleData

NOBODY = CategoryData("", "", {}, "", "", "")
CODE, CATEGORY, SITUATION, MAJOR, CONDITION = 16, 8, 4, 2, 1
"""What a word found there weighs."""


class Entry(NamedTuple):
    """A rule on the shelf. `texts`: what it can be found by, folded, with their weights, heaviest first; `joined`: all
    of them, a line each."""

    rule: RuleData
    category: CategoryData
    major: CategoryData
    texts: tuple[tuple[int, str], ...]
    joined: str

    def weight(self, words: Iterable[str]) -> int:
        """How well it fits, where all of the words stand in it."""
        return sum(next(weight for weight, text in self.texts if word in text) for word in words)


@dataclass(frozen=True)
class Shelf:
    """An edition with every rule that says anything, and one for each minor category that has none."""

    code: str
    scheme: str
    valid_from: date
    valid_to: date | None
    entries: tuple[Entry, ...]
    categories: dict[str, CategoryData]
    documents: dict[str, DocumentData]

    def find(self, text: str, *, kind: str = "", major: str = "", urgent: bool | None = None) -> list[Entry]:
        """The rules in which all words stand, best first; without words all of them, by code."""
        words = fold(text).split()
        chosen = [
            entry
            for entry in self.entries
            if all(word in entry.joined for word in words)
            and (not kind or entry.category.kind == kind)
            and (not major or entry.major.code == major)
            and (urgent is None or entry.rule.urgent == urgent)
        ]
        return sorted(chosen, key=lambda entry: (-entry.weight(words), entry.rule.key))

    def of(self, category: str) -> list[Entry]:
        """All rules for a category; Unknown where there is none."""
        found = [entry for entry in self.entries if entry.rule.category == category]
        if not found:
            raise Unknown("category_unknown", category=category)
        return found


def fold(text: str) -> str:
    return normalize("NFKC", text).casefold()


@lru_cache(maxsize=8)
def shelf(revision: str, edition: int) -> Shelf:
    """Read once for each edition and revision of the city; six statements."""
    row = Edition.objects.get(pk=edition)
    categories = {category.code: category for category in categories_of(row.scheme)}
    rules: dict[str, list[RuleData]] = defaultdict(list)
    for rule in rules_of(edition):
        rules[rule.category].append(rule)
    entries = []
    for found in rules.values():
        said = [rule for rule in found if not rule.empty] or found
        entries += [_entry(rule, categories) for rule in said]
    return Shelf(
        row.code, row.scheme, row.valid_from, row.valid_to, tuple(entries), categories,
        {document.code: document for document in documents()},
    )  # fmt: skip


def _entry(rule: RuleData, categories: dict[str, CategoryData]) -> Entry:
    category = categories[rule.category]
    major = categories.get(category.parent, NOBODY)
    conditions = [rule.filing_condition, *(said.get("filing_condition", "") for said in rule.translations.values())]
    texts: list[tuple[int, Iterable[str]]] = [
        (CODE, [category.code]),
        (CATEGORY, [category.name, *category.names.values()]),
        (SITUATION, [rule.situation, *rule.situation_names.values()]),
        (MAJOR, [major.name, *major.names.values()]),
        (CONDITION, conditions),
    ]
    return shelved(rule, category, major, [(weight, text) for weight, found in texts for text in found if text])


def shelved(rule: RuleData, category: CategoryData, major: CategoryData, texts: Iterable[tuple[int, str]]) -> Entry:
    folded = tuple((weight, fold(text)) for weight, text in texts)
    return Entry(rule, category, major, folded, "\n".join(text for _, text in folded))


def said_in(language: str, rule: RuleData) -> dict[str, str]:
    """The sentences of a rule in a language, where it has them, else as they were written."""
    translated: dict[str, Any] = rule.translations.get(language, {})
    return {name: translated.get(name) or getattr(rule, name) for name in PROSE}
