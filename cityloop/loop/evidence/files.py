"""Where photos lie: files named by their content, in folders two levels deep."""

import os
import tempfile
from pathlib import Path
from typing import Any, Literal

from django.core.files.base import ContentFile, File
from django.core.files.storage import FileSystemStorage, default_storage

Size = Literal["full", "thumb"]


class ContentNamed(FileSystemStorage):
    """Django's file storage for names that follow from the content: a file is there whole or not at all, and writing
    the same name again writes the same bytes.
    """

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        return name

    def _save(self, name: str, content: File[Any]) -> str:
        target = Path(self.path(name))
        for folder in reversed([target.parent, *target.parent.parents]):
            if not folder.exists():  # with `parents=True` those above would be open to everybody
                folder.mkdir(mode=0o700, exist_ok=True)
        handle, draft = tempfile.mkstemp(dir=target.parent, prefix=".draft-")
        try:
            with os.fdopen(handle, "wb") as file:
                for chunk in content.chunks():
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
            os.replace(draft, target)
        except BaseException:
            Path(draft).unlink(missing_ok=True)
            raise
        return name


def name_of(photo: str, size: Size) -> str:
    """`photos/ab/cd/abcd….jpg`, and the thumbnail beside it."""
    ending = ".jpg" if size == "full" else ".thumb.jpg"
    return f"photos/{photo[:2]}/{photo[2:4]}/{photo}{ending}"


def keep(photo: str, full: bytes, thumb: bytes) -> None:
    """Have both files of a photo on disk."""
    contents: dict[Size, bytes] = {"full": full, "thumb": thumb}
    for size, content in contents.items():
        name = name_of(photo, size)
        if not default_storage.exists(name):
            default_storage.save(name, ContentFile(content))


def drop(photo: str) -> None:
    """Have neither."""
    for size in ("full", "thumb"):
        default_storage.delete(name_of(photo, size))
