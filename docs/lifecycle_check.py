"""Whether the table of the lifecycle, the code and the tests agree: `python -m docs.lifecycle_check`. Runs nothing.

Every refusal that the rooms of cases raise is declared, every declared one is raised somewhere below; each of them is
named in some test, and each step in some journey.
"""

import ast
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from cityloop.core import errors
from cityloop.loop.cases.lifecycle import STEPS
from cityloop.loop.cases.refusals import REFUSALS

ROOT = Path(__file__).resolve().parent.parent
WRITER = "cityloop.loop.cases.actions"
"""Whoever takes a step goes through here: what it imports, and what that imports, is what a step can meet."""
ROOM = "cityloop.loop.cases."
READERS = {ROOM + "queries", ROOM + "catalogue"}
"""Modules of the room that take no step."""
ERRORS = {name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, Exception)}


def main() -> int:
    """1, with the list, where something is missing."""
    missing = [
        *unlike(REFUSALS, raised_by_cases(), raised_below()),
        *untested(REFUSALS, STEPS, words(ROOT / "tests"), words(ROOT / "tests" / "journeys")),
    ]
    print("\n".join(missing) or "the lifecycle, the code and the tests agree")
    return 1 if missing else 0


def unlike(declared: Iterable[str], own: Iterable[str], below: Iterable[str]) -> list[str]:
    """`own` are the codes that the room of cases raises itself, `below` those of all that it builds on."""
    known, raised = set(declared), set(own)
    return [
        *(
            f"refusal {code}: raised, and not among REFUSALS in loop/cases/refusals.py"
            for code in sorted(raised - known)
        ),
        *(f"refusal {code}: declared, and raised nowhere" for code in sorted(known - raised - set(below))),
    ]


def untested(
    refusals: Iterable[str], steps: Iterable[str], in_tests: Iterable[str], in_journeys: Iterable[str]
) -> list[str]:
    named, walked = set(in_tests), set(in_journeys)
    return [
        *(f"refusal {code}: no test names it" for code in sorted(set(refusals) - named)),
        *(f"step {step}: no journey takes it (tests/journeys)" for step in steps if step not in walked),
    ]


def raised_by_cases() -> set[str]:
    return {code for module in _own() for code in raised(_source(module))}


def raised_below() -> set[str]:
    return {code for module in _reached() - _own() for code in raised(_source(module))}


def _own() -> set[str]:
    return {module for module in _reached() if module.startswith(ROOM)} - READERS


def raised(source: str) -> set[str]:
    """The codes that a module makes errors with. Where one is not written on the spot, each that it mentions counts."""
    tree, found = ast.parse(source), set[str]()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ERRORS and node.args:
            found |= _codes(node.args[0]) or _codes(tree)
    return found


def _codes(tree: ast.AST) -> set[str]:
    return {str(node.value) for node in ast.walk(tree) if isinstance(node, ast.Constant)} & errors.TEXTS.keys()


def words(folder: Path) -> set[str]:
    """Every text that stands by itself in the Python files of a folder."""
    return {
        node.value
        for path in folder.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


@cache
def _reached() -> frozenset[str]:
    """The modules of the package that the writer of steps imports, directly or through others."""
    reached, waiting = set[str](), [WRITER]
    while waiting:
        module = waiting.pop()
        if module not in reached and _path(module):
            reached.add(module)
            waiting += _imported(_source(module))
    return frozenset(reached)


def _imported(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("cityloop"):
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _path(module: str) -> Path | None:
    path = ROOT.joinpath(*module.split("."))
    return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()), None)


def _source(module: str) -> str:
    path = _path(module)
    return path.read_text(encoding="utf-8") if path else ""


if __name__ == "__main__":
    sys.exit(main())
