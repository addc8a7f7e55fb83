"""The journeys' city and its people."""

import pytest
from journeys.conftest import desk_city, own_clock, tiny_city

from cityloop.config.pack.reading import Pack
from cityloop.core.actor import SYSTEM
from cityloop.ground.standards.actions import put_documents
from cityloop.ground.standards.rows import DocumentData
from standards.people import Editor, editor

__all__ = ["desk_city", "own_clock", "tiny_city"]


@pytest.fixture
def proposer(tiny_city: Pack) -> Editor:
    put_documents([DocumentData("ACT", "Road act", {}, "law")], actor=SYSTEM)
    return editor("rule_editor")


@pytest.fixture
def leader(proposer: Editor) -> Editor:
    return editor("leader")
