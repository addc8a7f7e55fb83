"""Who reads, proposes and approves, as they speak to the API; a proposal to begin with."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.apps import apps
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from journeys.conftest import JUNE, Person, holder_of

TODAY = JUNE.date()
TOMORROW = TODAY + timedelta(days=1)
DRAFT = {"title": "Deep holes", "reason": "People fell", "basis": "ACT", "begins": TOMORROW.isoformat()}
DEEP = {
    "category": "0101",
    "situation": "deep",
    "filing_condition": "Deeper than 10 cm",
    "closing_condition": "Filled",
    "urgent": True,
    "limits": [
        {"stage": "handle", "part": "fence", "value": 2, "unit": "h"},
        {"stage": "handle", "part": "repair", "value": "5", "unit": "wd"},
    ],
}


@dataclass
class Editor(Person):
    """A person who also puts, deletes and sends files."""

    def put(self, path: str, body: dict[str, Any]) -> Any:
        return Client().put(f"/api{path}", body, content_type="application/json", headers=self.headers)

    def delete(self, path: str) -> Any:
        return Client().delete(f"/api{path}", headers=self.headers)

    def send(self, path: str, name: str, data: bytes, **fields: str) -> Any:
        body = fields | {"file": SimpleUploadedFile(name, data)}
        return Client().post(f"/api{path}", body, headers=self.headers)


def editor(post: str) -> Editor:
    return Editor(holder_of(post).headers)


def begun(proposer: Editor, **changes: Any) -> str:
    answer = proposer.post("/rules/proposals", DRAFT | changes)
    assert answer.status_code == 201, answer.content
    return f"/rules/proposals/{answer.json()['number']}"


def submitted(proposer: Editor, situation: str = "deep", **changes: Any) -> str:
    path = begun(proposer, **changes)
    assert proposer.put(f"{path}/changes", DEEP | {"situation": situation}).status_code == 200
    assert proposer.post(f"{path}/submit", {}).json()["state"] == "submitted"
    return path


def rows() -> dict[str, Any]:
    """All rows of the rule book."""
    found = {}
    with connection.cursor() as cursor:
        for model in apps.get_app_config("standards").get_models():
            cursor.execute(f"SELECT json_agg(t ORDER BY t.id) FROM {model._meta.db_table} t")
            found[model.__name__] = cursor.fetchone()[0]
    assert found["Rule"]
    assert found["Edition"]
    return found


def refused(answer: Any, status: int, code: str) -> dict[str, Any]:
    problem: dict[str, Any] = answer.json()
    assert (answer.status_code, problem["code"]) == (status, code), problem
    return problem
