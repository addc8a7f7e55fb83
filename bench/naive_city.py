"""The limits of a city a second time, told naively from what the manual of packs says of them.

It shares nothing with the package. A city is data as `bench.cities` writes it; a question is one about a case:
`{"ask": "handling", "areas": [1, 4], "at": "..."}`, `"total"`, or `"stage"` with `stage` and the centre's past `stays`.
"""

from datetime import date, datetime, timedelta
from typing import Any

from bench.naive import NaiveClock

Limit = dict[str, Any]
Question = dict[str, Any]


class NaiveCity:
    """A city's limits, with the naive clock of each of its calendars."""

    def __init__(self, city: dict[str, Any], first: date, last: date) -> None:
        self.city = city
        self.clocks = {code: NaiveClock(written, first, last) for code, written in city["calendars"].items()}
        self.zone = self.clocks["default"].zone

    def due(self, question: Question) -> list[datetime]:
        """The deadlines that answer a question: of each part of a handling, else one or none."""
        at = question["at"]
        if question["ask"] == "handling":
            return self._one_after_another(self._limits("handle", question), at)
        if question["ask"] == "total":
            return self._one_after_another(self._limits("total", question)[:1], at)
        stage = question["stage"]
        for combined in self.city["combined"]:
            if stage in combined["stages"]:
                return [self._shared(combined, at, question["stays"])]
        return self._one_after_another(self._limits(stage, question)[:1], at)

    def _one_after_another(self, limits: list[Limit], at: str) -> list[datetime]:
        found: list[datetime] = []
        for limit in limits:
            found.append(self._full(limit, found[-1].isoformat() if found else at, []))
        return found

    def _shared(self, combined: dict[str, Any], at: str, stays: list[list[str]]) -> datetime:
        """Only time in one of the stages counts, from the first of them on: all other time is a pause."""
        inside = [(begun, ended) for stage, begun, ended in stays if stage in combined["stages"]]
        start = inside[0][0] if inside else at
        edges = [ended for _, ended in inside], [begun for begun, _ in inside[1:]] + [at]
        return self._full(combined, start, [list(pause) for pause in zip(*edges, strict=False)] if inside else [])

    def _full(self, limit: Limit, start: str, pauses: list[list[str]]) -> datetime:
        clock = self.clocks[limit["calendar"]]
        ended = clock.due({"start": start, "value": limit["value"], "unit": limit["unit"], "pauses": pauses})
        assert ended is not None  # no pause is open
        return ended

    # Which limit

    def _limits(self, stage: str, question: Question) -> list[Limit]:
        """What the rule says of the stage here and on that day; where it says nothing, what the city says."""
        day = datetime.fromisoformat(question["at"]).astimezone(self.zone).date()
        area_class, season = self._class(question["areas"], day), self._season(day)
        chosen: dict[str, Limit] = {}
        for part in dict.fromkeys(row["part"] for row in self._fitting(stage, area_class, season)):
            for wanted in ((area_class, season), (area_class, ""), ("", season), ("", "")):
                rows = [row for row in self._fitting(stage, *wanted, exactly=True) if row["part"] == part]
                if rows:
                    chosen[part] = rows[0]
                    break
        return list(chosen.values()) or [row for row in self.city["stages"] if row["stage"] == stage]

    def _fitting(self, stage: str, area_class: str, season: str, *, exactly: bool = False) -> list[Limit]:
        return [
            row
            for row in self.city["rule"]
            if row["stage"] == stage
            and (row["area_class"] in ([area_class] if exactly else ["", area_class]))
            and (row["season"] in ([season] if exactly else ["", season]))
        ]

    def _class(self, areas: list[int], day: date) -> str:
        """The class of the smallest area that has one; areas come from the largest to the smallest."""
        for area in areas[::-1]:
            held = [row for row in self.city["classes"] if row["area"] == area]
            for row in held:
                until = date.fromisoformat(row["until"]) - timedelta(days=1) if row["until"] else date.max
                if date.fromisoformat(row["from"]) <= day <= until:
                    return str(row["class"])
        return ""

    def _season(self, day: date) -> str:
        """Walk each season's days, from its first one to its last one, and see whether this one is met."""
        for name, first, last in self.city["seasons"]:
            walked = date(2024, *first)  # a leap year: it has every day
            while (walked.month, walked.day) != tuple(last):
                if (walked.month, walked.day) == (day.month, day.day):
                    return str(name)
                walked += timedelta(days=1)
            if tuple(last) == (day.month, day.day):
                return str(name)
        return ""
