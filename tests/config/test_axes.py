"""Who evaluates sits in no body that is assessed: neither by a pack nor by hand."""

import shutil
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from cityloop.config.pack.apply import apply
from cityloop.config.pack.problems import PackErrors
from cityloop.config.pack.reading import load
from cityloop.core.actor import SYSTEM
from cityloop.core.errors import Refused
from cityloop.ground.accounts.structure import PostData
from cityloop.ground.accounts.upkeep import save_post

TINY = Path(__file__).resolve().parent.parent / "packs" / "tiny"
NOW = datetime(2025, 6, 2, 8, tzinfo=UTC)
HEAD = "code,name,role,organisation,area\nh,Handler,handler,roads,\n"


@pytest.mark.parametrize(("organisation", "refused"), [("centre", False), ("parks", False), ("roads", True)])
def test_a_pack_seats_no_evaluator_with_those_who_handle(tmp_path: Path, organisation: str, refused: bool) -> None:
    folder = shutil.copytree(TINY, tmp_path / "pack")
    (folder / "posts.csv").write_text(f"{HEAD}e,Evaluator,evaluator,{organisation},\n", encoding="utf-8")
    if not refused:
        load(folder)
        return
    with pytest.raises(PackErrors) as found:
        load(folder)
    (problem,) = found.value.problems
    assert (Path(problem.file).name, problem.line, problem.field, problem.code) == (
        "posts.csv", 3, "organisation", "evaluator_assessed"
    )  # fmt: skip


@pytest.mark.django_db
def test_nobody_seats_one_by_hand_either(tmp_path: Path) -> None:
    folder = shutil.copytree(TINY, tmp_path / "pack")
    (folder / "posts.csv").write_text(f"{HEAD}e,Evaluator,evaluator,centre,\n", encoding="utf-8")
    apply(load(folder), actor=SYSTEM, at=NOW)

    def save(code: str, role: str, organisation: str) -> None:
        data = PostData(code=code, name=code, role=role, organisation=organisation, area="")
        save_post(data, actor=SYSTEM, at=NOW, day=date(2025, 6, 2))

    for code, role, organisation in (("e2", "evaluator", "roads"), ("h2", "handler", "centre")):
        with pytest.raises(Refused) as found:
            save(code, role, organisation)
        assert found.value.code == "evaluator_assessed"
    save("e2", "evaluator", "parks")
    save("h3", "handler", "roads")
