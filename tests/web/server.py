"""A real city behind a real server, for a browser."""

import csv
import io
import json
import os
import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from journeys.command import COMMAND, TINY, environment

from cityloop.ground.accounts.roles import ROLES

TIME = """
  limits:
    check: {value: 1, unit: wd}
  combined:
    - {stages: [register, file, dispatch], value: 4, unit: wh}
  orders:
    supervision: {prefix: DB, sign: {value: 4, unit: wh}, reply: {value: 3, unit: wd}}
  replies:
    phone: {sign: {value: 4, unit: wh}, answer: {value: 2, unit: wd}}"""
"""What the desk is held to itself, what its orders are, and until when it answers the telephone's reports."""
APPROVALS = """
settings:
  loop:
    approvals:
      - {kind: extension, roles: [section_chief, command_leader], form: true}
    caps: {extension: 1, deferral: 0.2}"""
"""Two approve an extension one after another, on a signed form."""
SHORT_DAY = "2025-12-24"
HANDLERS = ("roads", "parks")
START = 90


def desk_pack(folder: Path, known_until: str) -> Path:
    """The tiny city with a person at every desk and a door for citizens: no step is taken by itself."""
    shutil.copytree(TINY, folder)
    pack = folder / "pack.yaml"
    text = pack.read_text(encoding="utf-8")
    assert "opens_itself: [register, file, dispatch]" in text
    text = text.replace("opens_itself: [register, file, dispatch]", f"opens_itself: []{TIME}")
    text = text.replace("    wd_rule: end_of_day", f"    wd_rule: end_of_day\n    known_until: {known_until}")
    text = text.replace("      2025-04-18: []", f"      {SHORT_DAY}: [[08:00, 12:00]]\n      2025-04-18: []")
    text = text.replace("phone: Telephone", "phone: {name: Telephone, names: {zh: 电话}}")
    pack.write_text(text, encoding="utf-8")
    rules = folder / "rules.csv"
    rules.write_text(rules.read_text(encoding="utf-8").replace("make_safe", "make safe"), encoding="utf-8")
    posts = [("code", "name", "role", "organisation", "area")]
    posts += [(role, ROLES[role].title, role, "centre", "") for role in ROLES if role not in ("handler", "machine")]
    posts += [(f"handler-{unit}", f"Handler of {unit}", "handler", unit, "") for unit in HANDLERS]
    posts += [("deputy", "Deputy leader", "leader", "centre", "")]
    posts += [("collector-west", "Collector in the west", "collector", "centre", "990100001")]
    table = io.StringIO()
    csv.writer(table, lineterminator="\n").writerows(posts)
    (folder / "posts.csv").write_text(table.getvalue(), encoding="utf-8")
    return folder


def add_situations(folder: Path) -> None:
    """A category with situations, urgent and not, in the languages that people search in."""
    names = ("0104", "Manhole cover", "井盖", "component", "minor", "01", "")
    columns = (
        "category", "situation", "situation_zh", "situation_en", "stage", "part", "value", "unit", "area_class",
        "season", "filing_condition", "filing_condition_zh", "closing_condition", "closing_condition_zh", "urgent",
        "photos", "check_mode", "check_window", "closing_kinds", "documents", "source", "handlers", "no_collect",
    )  # fmt: skip
    gone = ("0104", "missing", "井盖缺失", "Cover missing", "handle")
    gone_says = (
        "A cover is missing or broken through", "井盖缺失或破损，危及行人", "Covered again", "已补装", "yes",
        "near far after:app", "on_site", "same_hours", "solved", "SAMPLE-1 4.2", "City standard 2020",
        "handler owner", "",
    )  # fmt: skip
    noisy = ("0104", "noisy", "井盖异响", "Cover rattles", "handle")
    noisy_says = (
        "A cover rattles when driven over", "车辆驶过时井盖有响声", "Quiet again", "无响声", "", "near after",
        "photo", "", "", "", "City standard 2020", "owner", "11-15..03-15 sat,sun 22:00-06:00",
    )  # fmt: skip
    lines = [
        (*gone, "fence", "2", "h", "", "", *gone_says),
        (*gone, "restore", "1", "wd", "", "", *[""] * len(gone_says)),
        (*noisy, "", "5", "wd", "", "", *noisy_says),
        (*noisy, "", "2", "wd", "A", "", *[""] * len(noisy_says)),
    ]
    document = ("SAMPLE-1", "Care of streets", "街道养护规范", "standard", "Tiny", "2020-01-01")
    _append(folder / "categories.csv", ("code", "name", "name_zh", "kind", "level", "parent", "key"), [names])
    _append(folder / "rules.csv", columns, lines)
    duty = ("L5", "line", "0104", "handler", "roads", "handle", "Road act")
    _append(folder / "ledger.csv", ("code", "tier", "category", "role", "organisation", "duty", "basis"), [duty])
    _append(folder / "documents.csv", ("code", "title", "title_zh", "kind", "issuer", "issued_on"), [document])


LAYERS = """
layers:
  toilets:
    name: Public toilets
    names: {zh: 公共厕所}
    group: Sanitation
    public: true
    class_code: "0301"
    attributes:
      stalls: {type: integer, minimum: 1, names: {zh: 厕位数, en: Stalls}}
      grade: {choices: [first, second], names: {zh: 等级, en: Grade}}
  roads:
    name: Roads
    names: {zh: 道路}
    group: Streets
    geometry: line
    class_code: "9001"
  parks:
    name: Parks
    names: {zh: 公园}
    group: Streets
    geometry: polygon
    class_code: "9002"
"""


def add_layers(folder: Path) -> None:
    """Classes of things that stand in the city; the things come as files."""
    pack = folder / "pack.yaml"
    text = pack.read_text(encoding="utf-8")
    pack.write_text(text + LAYERS, encoding="utf-8")


def add_approvals(folder: Path) -> None:
    """Who has to approve more time, and how much of it may be granted."""
    pack = folder / "pack.yaml"
    text = pack.read_text(encoding="utf-8")
    assert "\nsettings:" in text
    pack.write_text(text.replace("\nsettings:", APPROVALS), encoding="utf-8")


def add_crew(folder: Path) -> None:
    """A crew below the roads department, and who works there."""
    crew = ("crew", "Road crew", "道路班组", "crew", "roads")
    _append(folder / "organisations.csv", ("code", "name", "name_zh", "kind", "parent"), [crew])
    post = ("handler-crew", "Handler of the road crew", "handler", "crew")
    _append(folder / "posts.csv", ("code", "name", "role", "organisation"), [post])


def drop_duty(folder: Path, code: str) -> None:
    """One duty less: where it held nobody answers."""
    path = folder / "ledger.csv"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(line for line in lines if not line.startswith(f"{code},")), encoding="utf-8")


def _append(path: Path, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Add rows to a table of a pack, and columns that it does not have yet."""
    there: list[dict[str, str]] = []
    if path.exists():
        with path.open(encoding="utf-8", newline="") as file:
            there = list(csv.DictReader(file))
    names = list(dict.fromkeys([*(there[0] if there else ()), *columns]))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows([*there, *(dict(zip(columns, row, strict=True)) for row in rows)])


@dataclass
class Server:
    """A served city of its own, by `serve` or by `demo`; `restart` keeps address, database and secrets."""

    data: Path
    port: int
    verb: tuple[str, ...] = ("serve",)
    process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self.process = subprocess.Popen(
            [COMMAND, *self.verb, "--data-dir", self.data, "--port", str(self.port), "--lang", "en"],
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env=environment(),
        )
        assert self.process.stdout is not None
        said = ""
        while self.url not in said:
            line = self.process.stdout.readline()
            assert line, said  # it ended
            said += line
        threading.Thread(target=self.process.stdout.read, daemon=True).start()

    def stop(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(START)
            self.process = None

    def restart(self, *verb: str) -> None:
        self.stop()
        self.verb = verb or self.verb
        self.start()

    def logins(self) -> dict[str, dict[str, Any]]:
        """The demo's log-ins by post."""
        with urlopen(f"{self.url}/api/demo-logins", timeout=10) as answer:
            return {login["username"]: login for login in json.load(answer)}


def make_city(
    folder: Path,
    *,
    seeded: int,
    known_until: str = "2025-12-31",
    situations: bool = False,
    layers: bool = False,
    approvals: bool = False,
    crew: bool = False,
    without: str = "",
) -> Server:
    """A demo city in `folder`: its history of a dozen cases, as many open ones as asked, `without` one duty."""
    pack, data = desk_pack(folder / "pack", known_until), folder / "data"
    if situations:
        add_situations(pack)
    if layers:
        add_layers(pack)
    if approvals:
        add_approvals(pack)
    if crew:
        add_crew(pack)
    if without:
        drop_duty(pack, without)
    run("demo", "--pack", pack, "--data-dir", data, "--at", "2025-06-02T09:00", "--no-serve")
    if seeded:
        run("bench", "seed", "--open", seeded, "--data-dir", data)
    return Server(data, free_port())


def boston(folder: Path) -> Server:
    """The demo as a stranger gets it: it takes a real city's year in before it serves."""
    return Server(folder, free_port(), ("demo", "--pack", "boston"))


def run(*arguments: object) -> None:
    done = subprocess.run(
        [COMMAND, *map(str, arguments)], capture_output=True, text=True, env=environment(), timeout=600, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def free_port() -> int:
    """A port whose neighbour is free too: the live feed takes it."""
    for _ in range(50):
        with socket.socket() as one, socket.socket() as next_:
            one.bind(("127.0.0.1", 0))
            port = int(one.getsockname()[1])
            try:
                next_.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port
    raise AssertionError("no two free ports side by side")


def in_ci() -> bool:
    return os.environ.get("CI") == "true"
