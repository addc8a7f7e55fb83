"""One real PostgreSQL for the whole run, from the package's own binaries, unless DATABASE_URL names another."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from cityloop.config import embedded
from cityloop.core import texts

SHARED = Path(__file__).resolve().parent.parent.parent / "shared"
_own: Path | None = None


def pytest_configure(config: pytest.Config) -> None:
    """Start the server before Django reads its settings; workers inherit the address."""
    global _own  # noqa: PLW0603 - one server a run
    texts.speak("en")
    if not os.environ.get("DATABASE_URL"):
        _own = Path(tempfile.mkdtemp(prefix="cityloop-test-"))
        os.environ["DATABASE_URL"] = embedded.ensure(_own).url


def pytest_unconfigure(config: pytest.Config) -> None:
    if _own is not None and not hasattr(config, "workerinput"):
        embedded.stop(_own)
        shutil.rmtree(_own, ignore_errors=True)
        os.environ.pop("DATABASE_URL", None)


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
