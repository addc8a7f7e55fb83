"""The command as tests run it: for real in a process of its own, or in this one where only the rows matter."""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from cityloop.cli import app

ROOT = Path(__file__).resolve().parent.parent.parent
COMMAND = Path(sys.executable).with_name("cityloop")
TINY = ROOT / "tests" / "packs" / "tiny"


@dataclass
class Said:
    """How a command ended and what it printed; `shown` is both streams."""

    code: int
    out: str
    shown: str


def environment(**changes: str) -> dict[str, str]:
    """That of a shell which names no database, no files and no language, in a window wide enough for every table."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG"))}
    # Every city keeps its files beside its database; compiling everything anew doubles the time of a start.
    for name in ("DATABASE_URL", "CITYLOOP_FILES", "PYTHONDONTWRITEBYTECODE"):
        plain.pop(name, None)
    return plain | {"LANG": "C", "COLUMNS": "300"} | changes


def run(*arguments: object, **changes: str) -> Said:
    """Run the real command to its end. No Python traceback may ever be shown, whatever it is asked."""
    done = subprocess.run(
        [COMMAND, *map(str, arguments)], capture_output=True, text=True, encoding="utf-8", check=False,
        cwd=ROOT, env=environment(**changes), timeout=120,
    )  # fmt: skip
    return _checked(Said(done.returncode, done.stdout, done.stdout + done.stderr))


def inside(*arguments: object) -> Said:
    """The same command in this process, on the test's own database and in its transaction."""
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], env={"COLUMNS": "300"})
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return _checked(Said(result.exit_code, result.stdout, result.output))


def _checked(said: Said) -> Said:
    assert "Traceback" not in said.shown, said.shown
    return said


class Inline:
    """Stands in for a pool of processes: works at once, in this process and its transaction."""

    def submit(self, work: Any, *arguments: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(work(*arguments))
        return future


@contextmanager
def inline_pool(workers: int) -> Iterator[Inline]:
    yield Inline()


def lines(*rows: Sequence[str]) -> str:
    return "".join(",".join(row) + "\n" for row in rows)
