"""A file that is too large is refused by what its sender says of it, before a byte of it is read."""

from collections.abc import Mapping
from typing import Any

from django.core.files.uploadhandler import FileUploadHandler

from cityloop.core.errors import Refused
from cityloop.ground.registry import imports
from cityloop.loop.evidence import image

FORM = 64 * 1024
"""Bytes that a form may need around its file."""
IMPORTS = "/api/objects/imports"


class Limited(FileUploadHandler):
    """The first of the upload handlers; keeps nothing itself. No form may be larger than one photo, but for files of
    objects."""

    def handle_raw_input(
        self,
        input_data: Any,
        META: Mapping[str, Any],  # noqa: N803 - Django's name for it
        content_length: int,
        boundary: Any,
        encoding: str | None = None,
    ) -> None:
        if META["PATH_INFO"] == IMPORTS:
            if content_length > imports.MOST_BYTES + FORM:
                raise Refused("import_too_large", most=f"{imports.MOST_BYTES // 1024**2} MB")
        elif content_length > image.MOST_BYTES + FORM:
            raise Refused("photo_too_large", megabytes=image.MOST_BYTES // 1024**2)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        return raw_data

    def file_complete(self, file_size: int) -> None:
        return None
