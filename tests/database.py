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
_files: list[Path] = []


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests() -> None:
    """Start the server; workers of a distributed run inherit the address."""
    os.environ.setdefault("CITYLOOP_SECRET_KEY", "what-tests-sign-with-and-nobody-else")
    if not os.environ.get("CITYLOOP_FILES"):
        _files.append(Path(tempfile.mkdtemp(prefix="cityloop-test-files-")))
        os.environ["CITYLOOP_FILES"] = str(_files[0])
    if not os.environ.get("DATABASE_URL"):
        _own.append(Path(tempfile.mkdtemp(prefix="cityloop-test-")))
        os.environ["DATABASE_URL"] = embedded.ensure(_own[0]).url


def pytest_unconfigure() -> None:
    for folder in _own:
        embedded.stop(folder)
        shutil.rmtree(folder, ignore_errors=True)
        os.environ.pop("DATABASE_URL", None)
    _own.clear()
    for folder in _files:
        shutil.rmtree(folder, ignore_errors=True)
        os.environ.pop("CITYLOOP_FILES", None)
    _files.clear()
