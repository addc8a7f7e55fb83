"""A million names taken in, then found as people type them: begun, whole, with a slip, as they sound."""

from collections.abc import Callable
from random import Random
from time import monotonic

from bench.figures import ERR, Sheet
from bench.town import Town

NAMES = 1_000_000
ASKED = 300
SEED = 7
STEMS = "泉山湖河桥门庙村庄屯堡口店铺营寨坡沟岭井园林石柳杨槐松梅兰竹菊龙凤虎鹤云霞春秋文武忠义仁和平安康乐福禄寿喜财宝"
KINDS = (
    "路",
    "街",
    "大街",
    "巷",
    "胡同",
    "小区",
    "花园",
    "广场",
    "公园",
    "小学",
    "医院",
    "大厦",
    "市场",
    "新村",
    "家园",
    "苑",
)
SIDES = ("", "", "", "东区", "西区", "一期", "二期", "北门", "南门")


def measure(_town: Town, sheet: Sheet) -> None:
    """The goal is for all ways of typing together: p95 under 50 ms."""
    from cityloop.core.actor import SYSTEM
    from cityloop.ground.places.city import city
    from cityloop.ground.places.gazetteer import search
    from cityloop.ground.places.naming import NameData, put_names
    from cityloop.ground.places.spelling import sounds

    chance = Random(SEED)
    names = _names(chance)
    ERR.print(f"taking {NAMES:,} names in ...")
    sheet.begin()
    began = monotonic()
    put_names(
        "bench",
        [NameData(str(n), "place", name, 117 + n / NAMES, 36.5) for n, name in enumerate(names)],
        actor=SYSTEM,
    )
    sheet.add(f"addresses: {NAMES:,} names taken in", monotonic() - began, "s")
    _analyse()
    typed: dict[str, Callable[[str], str]] = {
        "begun": lambda name: name[: chance.randint(2, max(2, len(name) - 1))],
        "whole": lambda name: name,
        "with a slip": lambda name: _slip(name, chance),
        "as it sounds": lambda name: sounds(name)[0],
    }
    revision = city().revision
    everything: list[float] = []
    for how, change in typed.items():
        chosen = chance.sample(names, ASKED)
        took, right = [], 0
        for name in chosen:
            text = change(name)
            began = monotonic()
            found = search(text, revision)
            took.append(monotonic() - began)
            right += any(one.name == name for one in found)
        everything += took
        sheet.add_p95(f"addresses: found as typed {how}", took)
        sheet.add(f"addresses: found as typed {how}, among the first ten", right / ASKED, "share")
    sheet.add_p95("addresses: all of these", everything, at_most=50)


def _names(chance: Random) -> list[str]:
    found: dict[str, None] = {}
    while len(found) < NAMES:
        stem = "".join(chance.choices(STEMS, k=chance.choice((2, 3, 3, 4))))
        found[f"{stem}{chance.choice(KINDS)}{chance.choice(SIDES)}"] = None
    return list(found)


def _slip(name: str, chance: Random) -> str:
    """One character left out, changed or put in."""
    at = chance.randrange(len(name))
    put = chance.choice(("", chance.choice(STEMS), name[at] + chance.choice(STEMS)))
    return name[:at] + put + name[at + 1 :]


def _analyse() -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("ANALYZE places_placename, places_namekey")
