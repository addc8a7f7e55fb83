"""What import-linter does not see: references between tables, sizes of files, names of one city."""

import ast
import csv
import re
from pathlib import Path

import pytest
import yaml
from django.apps import apps
from procrastinate.contrib.django import app as worker

from cityloop.loop.cases.lifecycle import STEPS
from cityloop.reactions import REACTIONS

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "cityloop"
ROOMS = (
    *("audit", "places", "accounts", "standards", "registry"),
    *("clocks", "evidence", "cases", "dispatch", "orders", "intake", "history"),
    *("patrol", "sensing", "participation", "enforcement", "permits"),
    *("evaluation", "insight", "exchange", "cockpit"),
)
"""From the ground up."""
SOURCES = [path for path in sorted(PACKAGE.rglob("*.py")) if "migrations" not in path.parts]


def test_references_between_tables_point_downward() -> None:
    wrong = []
    for model in apps.get_models(include_auto_created=True):
        if not model.__module__.startswith("cityloop."):
            continue
        room = ROOMS.index(model._meta.app_label)
        for field in model._meta.get_fields(include_hidden=True):
            target = field.related_model if field.concrete and field.is_relation else None
            if target is None or isinstance(target, str) or not target.__module__.startswith("cityloop."):
                continue
            if ROOMS.index(target._meta.app_label) > room:
                wrong.append(f"{model._meta.label}.{field.name} -> {target._meta.label}")
    assert not wrong


def test_every_room_with_tables_is_known_here() -> None:
    labels = {config.label for config in apps.get_app_configs() if config.name.startswith("cityloop.")}
    assert labels <= set(ROOMS)


def test_files_stay_readable() -> None:
    long = [
        f"{path.relative_to(ROOT)}: {lines}"
        for path in SOURCES
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 400
    ]
    assert not long


def test_no_room_is_called_after_nothing() -> None:
    empty = {"utils", "helpers", "services", "managers", "base"}
    assert not [path for path in SOURCES if path.stem in empty or path.parent.name in empty]


def _pack_names() -> dict[str, str]:
    """Names of the cities and organisations of all packs, with the pack that has them."""
    names: dict[str, str] = {}
    for pack in sorted((ROOT / "packs").glob("*/pack.yaml")):
        facts = yaml.safe_load(pack.read_text(encoding="utf-8"))
        city = facts.get("city") or {}
        found = {pack.parent.name, str(city.get("name", "")), *(city.get("names") or {}).values()}
        organisations = pack.with_name("organisations.csv")
        if organisations.exists():
            with organisations.open(encoding="utf-8-sig", newline="") as file:
                for row in csv.DictReader(file):
                    found |= {row.get("name") or "", row.get("name_zh") or ""}
        names |= {name.strip(): pack.parent.name for name in found if len(name.strip()) > 3 or not name.isascii()}
    return {name: pack for name, pack in names.items() if name}


def test_no_name_of_a_city_or_department_stands_in_python() -> None:
    names = _pack_names()
    if not names:
        pytest.skip("there is no pack yet")
    words = re.compile(r"(?<![a-z])(" + "|".join(re.escape(name) for name in names) + r")(?![a-z])", re.IGNORECASE)
    wrong = []
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            text = node.value if isinstance(node, ast.Constant) else getattr(node, "id", getattr(node, "name", ""))
            if isinstance(text, str) and (found := words.search(text)):
                wrong.append(f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}: {found[0]}")
    assert not wrong


def test_reactions_name_steps_and_jobs_that_exist() -> None:
    assert REACTIONS.keys() <= STEPS.keys()
    assert {job for jobs in REACTIONS.values() for job in jobs} <= worker.tasks.keys()
