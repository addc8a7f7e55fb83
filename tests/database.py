"""One real PostgreSQL for the whole run, from the package's own binaries, unless DATABASE_URL names another.

A plugin rather than a fixture: it has to start before Django's settings are read.
"""

import os
import shutil
import tempfile
from pathlib import Path

import pytest

from cityloop.config import embedded

_own: list[Path] = []


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests() -> None:
    """Start the server; workers of a distributed run inherit the address."""
    if not os.environ.get("DATABASE_URL"):
        _own.append(Path(tempfile.mkdtemp(prefix="cityloop-test-")))
        os.environ["DATABASE_URL"] = embedded.ensure(_own[0]).url


def pytest_unconfigure() -> None:
    for folder in _own:
        embedded.stop(folder)
        shutil.rmtree(folder, ignore_errors=True)
        os.environ.pop("DATABASE_URL", None)
    _own.clear()
