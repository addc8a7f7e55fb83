"""Proposals beside what else changes the rule book: files that become drafts, packs, editions made elsewhere."""

from cityloop.config.pack.apply import apply
from cityloop.config.pack.reading import Pack
from cityloop.core import clock
from cityloop.core.actor import SYSTEM
from cityloop.ground.standards.actions import begin_edition
from cityloop.ground.standards.editions import last_edition, rules_of
from cityloop.ground.standards.models import Edition
from standards.people import DEEP, DRAFT, TODAY, Editor, begun, refused, rows, submitted


def test_a_file_becomes_a_draft_with_its_difference(proposer: Editor) -> None:
    table = proposer.get("/rules/export.csv").content.decode("utf-8-sig")
    assert "0102,Does not burn at night,Burns again,handle,,4,wh" in table
    changed = table.replace("handle,,4,wh", "handle,,８,wh").encode()
    answer = proposer.send("/rules/proposals/import", "rules.csv", changed, **DRAFT)
    assert answer.status_code == 201, answer.content
    assert [(row["category"], row["change"], row["fields"]) for row in answer.json()["differences"]] == [
        ("0102", "changed", ["limits"])
    ]
    again = proposer.send("/rules/proposals/import", "rules.csv", changed, **DRAFT)
    assert again.json()["number"] == answer.json()["number"]
    workbook = proposer.get("/rules/export.xlsx")
    assert workbook["Content-Disposition"] == 'attachment; filename="rules-2020.xlsx"'
    same = proposer.send("/rules/proposals/import", "rules.xlsx", workbook.content, **DRAFT | {"title": "Same"})
    assert (same.status_code, same.json()["differences"]) == (201, [])
    part = "\n".join(table.splitlines()[:2]).encode()
    kept = proposer.send("/rules/proposals/import", "p.csv", part, **DRAFT | {"title": "Part", "keep_others": "true"})
    assert kept.json()["differences"] == []
    gone = proposer.send("/rules/proposals/import", "p.csv", part, **DRAFT | {"title": "Part"})
    assert [(row["category"], row["change"]) for row in gone.json()["differences"]] == [
        ("0102", "gone"),
        ("0103", "gone"),
    ]


def test_a_file_that_cannot_be_read_is_taken_not_at_all(proposer: Editor) -> None:
    before = rows()
    data = b"category,value,unit\n0101,1,h\n0109,1,h\n0102,0,wd\n"
    problem = refused(proposer.send("/rules/proposals/import", "rules.csv", data, **DRAFT), 422, "file_refused")
    assert [(one["line"], one["column"], one["code"]) for one in problem["problems"]] == [
        (4, "value", "out_of_range"),
        (3, "category", "category_unknown_near"),
    ]
    assert problem["count"] == 2
    refused(
        proposer.send("/rules/proposals/import", "rules.csv", data, **DRAFT | {"mapping": "none"}), 422,
        "import_mapping_unknown",
    )  # fmt: skip
    large = proposer.send("/rules/proposals/import", "rules.csv", b"x" * 5_000_001, **DRAFT)
    assert refused(large, 422, "file_refused")["problems"][0]["code"] == "workbook_too_large"
    assert rows() == before


def test_a_pack_does_not_roll_back_what_was_approved(proposer: Editor, leader: Editor, tiny_city: Pack) -> None:
    number = leader.post(f"{submitted(proposer)}/approve", {}).json()["number"]
    before = [edition.valid_to for edition in Edition.objects.order_by("valid_from")]
    found = apply(tiny_city, actor=SYSTEM, at=clock.now())
    assert not found
    (notice,) = found.notices
    assert notice.facts["proposal"] == number
    assert str(notice).startswith(
        f"Edition 2025-06-03 of the rules, from 2025-06-03, came from proposal {number} and stays; pack.yaml still "
        "names 2020."
    )
    assert [edition.valid_to for edition in Edition.objects.order_by("valid_from")] == before


def test_an_edition_made_outside_makes_a_proposal_stale(proposer: Editor) -> None:
    path = begun(proposer)
    proposer.put(f"{path}/changes", DEEP)
    begin_edition("pack", rules_of(last_edition().pk), scheme="tiny-1", actor=SYSTEM, begins=TODAY)
    assert refused(proposer.post(f"{path}/submit", {}), 409, "proposal_stale")["changed"] == []
