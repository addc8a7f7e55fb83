"""What was measured, beside what was aimed at, on which machine."""

import os
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

ERR = Console(stderr=True, soft_wrap=True, highlight=False, width=140)


@dataclass(frozen=True)
class Figure:
    """One number. `at_most` or `at_least` is the goal, where there is one; `load` the load average (1 min) before."""

    name: str
    value: float
    unit: str
    at_most: float | None = None
    at_least: float | None = None
    load: float = 0.0

    @property
    def goal(self) -> str:
        if self.at_most is not None:
            return f"<= {self.at_most:g}"
        return f">= {self.at_least:g}" if self.at_least is not None else ""

    @property
    def met(self) -> bool | None:
        if self.at_most is not None:
            return self.value <= self.at_most
        return self.value >= self.at_least if self.at_least is not None else None

    def to_dict(self) -> dict[str, Any]:
        shown = {"name": self.name, "value": self.value, "unit": self.unit, "load": self.load}
        return shown | ({"goal": self.goal, "met": self.met} if self.goal else {})


class Sheet:
    """The figures of one run, in order."""

    def __init__(self) -> None:
        self.figures: list[Figure] = []
        self.notes: list[str] = []
        self._load = load()

    def begin(self) -> None:
        """Note the load average before something is measured."""
        self._load = load()

    def add(
        self, name: str, value: float, unit: str, *, at_most: float | None = None, at_least: float | None = None
    ) -> None:
        self.figures.append(Figure(name, _short(value), unit, at_most, at_least, self._load))

    def note(self, text: str) -> None:
        """Say beside the figures what they leave out, or what could not be measured."""
        self.notes.append(text)
        ERR.print(text, markup=False)

    def add_p95(self, name: str, seconds: list[float], *, at_most: float | None = None) -> None:
        """The time that 95 of 100 calls took at most."""
        self.add(f"{name}, p95", sorted(seconds)[int(0.95 * len(seconds))] * 1000, "ms", at_most=at_most)

    def show(self) -> None:
        table = Table()
        for name in ("Figure", "Value", "Unit", "Goal", "Met", "Load before"):
            table.add_column(name, justify="right" if name in ("Value", "Load before") else "left", no_wrap=True)
        for figure in self.figures:
            met = "" if figure.met is None else "yes" if figure.met else "[red]no[/]"
            table.add_row(
                figure.name,
                f"{figure.value:,g}" if figure.value < 1000 else f"{figure.value:,.0f}",
                figure.unit,
                figure.goal,
                met,
                f"{figure.load:.2f}",
            )
        ERR.print(table)


def _short(value: float) -> float:
    """Four digits are more than a benchmark knows."""
    return int(value) if value == int(value) else float(f"{value:.4g}")


def load() -> float:
    return round(os.getloadavg()[0], 2)


def machine() -> dict[str, Any]:
    """Where this was measured."""
    return {
        "cpus": os.cpu_count(),
        "model": _model(),
        "memory_mib": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20,
        "system": platform.platform(),
        "python": platform.python_version(),
        "load": [round(value, 2) for value in os.getloadavg()],
    }


def database(folder: Path) -> dict[str, Any]:
    """The database that it was measured on; `folder` is on its disk."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version'), current_setting('synchronous_commit')")
        version, durable = cursor.fetchone()
    return {"postgresql": version, "synchronous_commit": durable, "file_system": _file_system(folder)}


def _model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor()


def _file_system(folder: Path) -> str:
    """The kind of file system that holds `folder`: durable commits mean little on tmpfs."""
    best, kind = "", ""
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, mounted, type_, *_ = line.split()
        if str(folder.resolve()).startswith(mounted) and len(mounted) >= len(best):
            best, kind = mounted, type_
    return kind
