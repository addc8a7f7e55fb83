"""What all tests share."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from cityloop.core import texts

SHARED = Path(__file__).resolve().parent.parent.parent / "shared"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests marked `shared` are reported as not run where the data folder is missing, and fail there in CI."""
    if SHARED.is_dir() or os.environ.get("CI") == "true":
        return
    for item in items:
        if item.get_closest_marker("shared"):
            item.add_marker(pytest.mark.skip(reason=f"{SHARED} is not there"))


@pytest.fixture
def shared() -> Path:
    assert SHARED.is_dir(), f"{SHARED} is not there"
    return SHARED


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    """Texts are tested in English unless a test says otherwise."""
    texts.speak("en")
    yield
    texts.speak("en")
