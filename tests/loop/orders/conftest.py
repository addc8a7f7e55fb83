"""The journeys' city, with limits for orders, a second supervision officer's desk and leaders who sign."""

import pytest
from journeys.conftest import desk_city, own_clock, tiny_city

from cityloop.config.pack import reading
from cityloop.config.pack.apply import apply
from cityloop.config.pack.reading import Pack
from cityloop.core import clock
from cityloop.core.actor import SYSTEM

__all__ = ["desk_city", "own_clock", "tiny_city"]

ORDERS = """\
  opens_itself: []
  orders:
    reminder: {prefix: CB, sign: {value: 2, unit: wh}}
    supervision:
      prefix: DB
      sign: {value: 4, unit: wh}
      reply: {value: 3, unit: wd}
      levels:
        pressing: {sign: {value: 1, unit: h}}
"""
POSTS = """\
deputy,Deputy leader,leader,centre,
officer-west,Officer of West,supervision_officer,centre,990100001
officer-east,Officer of East,supervision_officer,centre,990100002
officer-roads,Officer of the roads,supervision_officer,roads,
"""


@pytest.fixture
def order_city(desk_city: Pack) -> Pack:
    folder = desk_city.folder
    for name, old, new in (("pack.yaml", "  opens_itself: []\n", ORDERS), ("posts.csv", "", POSTS)):
        text = (folder / name).read_text(encoding="utf-8")
        text = text.replace(old, new) if old else text + new
        (folder / name).write_text(text, encoding="utf-8")
    pack = reading.load(folder)
    apply(pack, actor=SYSTEM, at=clock.now())
    return pack
