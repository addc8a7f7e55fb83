"""Who reads, proposes and approves, as they speak to the API."""

from dataclasses import dataclass
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from journeys.conftest import Person, holder_of


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
