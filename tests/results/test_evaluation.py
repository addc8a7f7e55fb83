"""Scores counted by hand over a dozen cases, and against what a city itself said about them."""

from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.http import HttpRequest
from ninja import NinjaAPI
from ninja.testing import TestClient
from rich.console import Console

from cityloop.config.problems import install
from cityloop.core import clock, texts
from cityloop.core.actor import Actor, HeldPost
from cityloop.core.errors import Refused
from cityloop.ground.accounts.models import Organisation
from cityloop.ground.places.models import Area, City, UnitGrid
from cityloop.ground.registry.models import LedgerParty, LedgerRow
from cityloop.ground.standards.models import Category
from cityloop.loop.cases.models import Assignment, Case, Span
from cityloop.loop.cases.rows import assignment_id
from cityloop.loop.intake.models import Fact, Report
from cityloop.results.evaluation import exports
from cityloop.results.evaluation.api import router
from cityloop.results.evaluation.flags import flags
from cityloop.results.evaluation.indicators import INDICATORS, RATES, rounded
from cityloop.results.evaluation.periods import parse_period
from cityloop.results.evaluation.queries import Basis, By, Row, Table, evaluate

ZONE = ZoneInfo("Asia/Shanghai")
SINCE = date(2015, 1, 1)


def on(text: str) -> datetime:
    """`06-05` or `06-05 12:30` of 2015 in the city's zone."""
    return datetime.fromisoformat(f"2015-{text}").replace(tzinfo=ZONE)


AT = on("07-10")


class Town:
    """A centre, departments D1 (units U1 and U2) and D2 (unit U3), two districts, two categories."""

    def __init__(self) -> None:
        self.organisations: dict[str, Organisation] = {}
        for code, parent in {"C": "", "D1": "C", "D2": "C", "U1": "D1", "U2": "D1", "U3": "D2"}.items():
            above = self.organisations.get(parent)
            made = Organisation.objects.create(
                code=code, name=f"Org {code}", names={"zh": f"单位{code}"}, parent=above, valid_from=SINCE
            )
            made.path = [*(above.path if above else []), made.pk]
            made.save()
            self.organisations[code] = made
        self.areas: dict[str, Area] = {}
        for code, level, upper in [("T", "city", ""), ("T1", "district", "T"), ("T2", "district", "T")]:
            parent_area = self.areas.get(upper)
            area = Area.objects.create(
                code=code, level=level, name=f"Area {code}", parent=parent_area, valid_from=SINCE
            )
            area.path = [*(parent_area.path if parent_area else []), area.pk]
            area.save()
            self.areas[code] = area
        box = {"west": 0, "south": 0, "east": 1, "north": 1, "valid_from": SINCE}
        self.grid = UnitGrid.objects.create(code="T1001", area=self.areas["T1"], **box)
        self.major = Category.objects.create(scheme="s", code="M", kind="event", level="major", name="Major")
        self.minors = {
            code: Category.objects.create(
                scheme="s", code=code, kind="event", level="minor", name=code, parent=self.major
            )
            for code in ("m1", "m2")
        }
        self.made = 0

    def case(
        self,
        opened: str,
        closed: str = "",
        *,
        due: str = "",
        state: str = "",
        area: str = "",
        channel: str = "app",
        category: str = "m1",
    ) -> Case:
        self.made += 1
        district = self.areas[area] if area else None
        return Case.objects.create(
            number=f"N{self.made:03}",
            state=state or ("closed" if closed else "handling"),
            seq=1,
            head=b"",
            last_at=on(opened),
            assignments_made=2,
            spans_made=2,
            opened_at=on(opened),
            closed_at=on(closed) if closed else None,
            due_at=on(due) if due else None,
            category=self.minors[category],
            areas=district.path if district else [],
            grid=self.grid if area == "T1" else None,
            channel=channel,
        )

    def span(
        self,
        case: Case,
        organisation: str,
        started: str,
        ended: str = "",
        *,
        due: str = "",
        stage: str = "handle",
        outcome: str = "handled",
    ) -> Span:
        main = organisation == "C"
        return Span.objects.create(
            case=case,
            no=Span.objects.filter(case=case).count() + 1,
            assignment_id=case.pk * 1000 + (1 if main else 2),
            main=main,
            stage=stage,
            round=1,
            organisation=self.organisations[organisation],
            started_at=on(started),
            ended_at=on(ended) if ended else None,
            due_at=on(due) if due else None,
            outcome=outcome if ended else "",
            areas=case.areas,
            grid=case.grid,
            category=case.category,
            channel=case.channel,
        )

    def simple(
        self, who: str, opened: str, due: str, handled: str = "", closed: str = "", **place: str
    ) -> tuple[Case, Span]:
        case = self.case(opened, closed, due=due, **place)
        self.span(case, "C", opened, handled, due=due, stage="out", outcome="handled")
        return case, self.span(case, who, opened, handled, due=due)


@pytest.fixture
def town(db: None) -> Town:
    return Town()


@pytest.fixture
def june(town: Town) -> Town:
    """A June with everything in it; the comments say what becomes of a case by 10 July."""
    town.simple("U1", "06-01", "06-10", "06-05", "06-06", area="T1")  # on time
    town.simple("U1", "06-02", "06-10", "06-12", "06-13", area="T1")  # late
    town.simple("U2", "06-03", "06-20", area="T2")  # overdue, open
    town.simple("U3", "06-20", "07-20", "06-24", "06-25", channel="call")  # on time, early: due in June only
    town.simple("U3", "06-25", "07-30")  # open, not yet due
    town.simple("U3", "05-20", "06-15", "07-02", "07-03", area="T1", channel="call")  # late, closed in July
    town.simple("U1", "06-02", "", "06-03", "06-03")  # closed without ever having a limit
    town.case("06-03", "06-04", state="refused")  # nowhere
    town.case("06-28", state="filed")  # not dispatched: with nobody
    town.simple("U2", "06-01", "06-09", "06-08")  # handled on time, waits for its check
    returned = town.case("06-05", due="06-12", state="filed")  # given back, overdue, with nobody
    town.span(returned, "U1", "06-05", "06-06", due="06-12", outcome="return_requested")
    town.span(returned, "U1", "06-06", "06-07", stage="return", outcome="filed")
    rework, _ = town.simple("U2", "06-01", "06-10", "06-04", "06-15", category="m2")  # late in its second round
    town.span(rework, "U2", "06-06", "06-06", stage="sign_for", outcome="handling")
    town.span(rework, "U2", "06-06", "06-14", due="06-10")
    town.simple("U1", "06-15", "06-30", "07-11", "07-12", area="T2")  # overdue, open: handled the day after
    return town


def table(basis: Basis, by: By, *, period: str = "2015-06", at: datetime = AT, level: str = "") -> Table:
    return evaluate(period=parse_period(period, ZONE), basis=basis, by=by, at=at, zone=ZONE, level=level or None)


def counted(row: Row) -> tuple[int, ...]:
    """reported, closed, due, closed on time, closed late, overdue and open"""
    return tuple(row.counts[indicator.key] for indicator in INDICATORS)


def test_each_basis_counts_its_own_cases(june: Town) -> None:
    assert counted(table("due", "channel").total) == (9, 5, 9, 2, 3, 3)
    assert counted(table("reported", "channel").total) == (11, 5, 8, 2, 2, 3)
    assert counted(table("closed", "channel").total) == (5, 5, 4, 2, 2, 0)
    rates = table("due", "channel").total.rates
    assert rates == {
        "closed_of_found": Fraction(5, 9),
        "closed_of_due": Fraction(5, 9),
        "on_time_of_due": Fraction(2, 9),
    }
    assert table("reported", "channel").total.rates["closed_of_found"] == Fraction(5, 11)


def test_what_had_not_happened_by_then_does_not_count(june: Town) -> None:
    assert counted(table("due", "channel", at=on("06-11")).total) == (4, 1, 4, 1, 0, 2)
    assert counted(table("due", "channel", period="2015-07").total) == (0, 0, 0, 0, 0, 0)
    assert counted(table("due", "channel", period="2015-07", at=on("08-01")).total) == (1, 0, 1, 0, 0, 1)
    assert counted(table("reported", "channel", at=on("06-01 00:00")).total)[0] == 3
    assert counted(table("reported", "channel", at=on("05-31")).total) == (0, 0, 0, 0, 0, 0)
    assert counted(table("reported", "channel", at=on("06-03 12:00")).total)[0] == 7  # one not yet refused


def test_by_organisation(june: Town) -> None:
    departments = table("due", "organisation")
    assert [(row.code, *counted(row)) for row in departments.rows] == [
        ("D1", 6, 3, 6, 1, 2, 2),
        ("D2", 2, 2, 2, 1, 1, 0),
        ("", 1, 0, 1, 0, 0, 1),
    ]
    units = table("due", "organisation", level="unit")
    assert [(row.code, row.name, *counted(row)) for row in units.rows] == [
        ("U1", "Org U1", 3, 2, 3, 1, 1, 1),
        ("U2", "Org U2", 3, 1, 3, 0, 1, 1),
        ("U3", "Org U3", 2, 2, 2, 1, 1, 0),
        ("", "", 1, 0, 1, 0, 0, 1),
    ]
    assert departments.total == units.total
    texts.speak("zh")
    assert table("due", "organisation").rows[0].name == "单位D1"


def test_by_area_category_channel_and_grid(june: Town) -> None:
    districts = table("due", "area")
    assert districts.level == "district"
    assert [(row.code, row.counts["due"]) for row in districts.rows] == [("T1", 3), ("T2", 2), ("", 4)]
    assert [(row.code, row.counts["due"]) for row in table("due", "area", level="city").rows] == [
        ("T", 5),
        ("", 4),
    ]
    assert [(row.code, row.counts["due"]) for row in table("due", "category").rows] == [("m1", 8), ("m2", 1)]
    assert [(row.name, row.counts["due"]) for row in table("due", "category", level="major").rows] == [("Major", 9)]
    assert [(row.code, row.counts["due"]) for row in table("due", "channel").rows] == [
        ("app", 7),
        ("call", 2),
    ]
    assert [(row.code, row.counts["due"]) for row in table("due", "grid").rows] == [("T1001", 3), ("", 6)]


def test_a_span_keeps_what_was_true_when_it_began(june: Town) -> None:
    before = table("due", "area")
    Case.objects.update(areas=[], grid=None, channel="corrected")
    assert table("due", "area") == before
    assert [row.code for row in table("due", "channel").rows] == ["app", "call"]


@pytest.mark.parametrize("basis", ["due", "reported", "closed"])
def test_months_add_up_to_quarters_and_to_the_year(june: Town, basis: Basis) -> None:
    def total(periods: list[str]) -> list[int]:
        totals = [counted(table(basis, "channel", period=period).total) for period in periods]
        return [sum(column) for column in zip(*totals, strict=True)]

    year = total(["2015"])
    assert year == total([f"2015-{month:02}" for month in range(1, 13)])
    assert year == total([f"2015-Q{quarter}" for quarter in range(1, 5)])
    assert total(["2015-06"]) == total([f"2015-06-{day:02}" for day in range(1, 31)])
    assert year[0] == {"due": 9, "reported": 12, "closed": 6}[basis]


@pytest.mark.parametrize("basis", ["due", "reported", "closed"])
def test_by_month_is_a_table_of_each_month(june: Town, basis: Basis) -> None:
    year = table(basis, "month", period="2015")
    alone = [(text, table(basis, "channel", period=text).total) for text in (f"2015-{n:02}" for n in range(1, 13))]
    assert [(row.code, row.name, counted(row)) for row in year.rows] == [
        (text, text, counted(total)) for text, total in alone if counted(total)[0]
    ]
    assert year.level == ""
    assert counted(year.total) == counted(table(basis, "channel", period="2015").total)


def test_a_month_is_one_of_the_citys_zone(town: Town) -> None:
    town.simple("U1", "06-01 00:30", "06-10", "06-05", "07-01 00:30")  # in UTC still May, and June
    assert [row.code for row in table("reported", "month", period="2015").rows] == ["2015-06"]
    assert [row.code for row in table("closed", "month", period="2015").rows] == ["2015-07"]


def test_names_come_in_the_language_asked_for(june: Town) -> None:
    settings = {"channels": {"app": {"name": "App", "names": {"zh": "应用"}}, "call": {"name": "Hotline"}}}
    City.objects.create(code="1", name="Town", zone="Asia/Shanghai", pack="town", digest="", settings=settings)
    assert [row.name for row in table("due", "channel").rows] == ["App", "Hotline"]
    texts.speak("zh")
    assert [row.name for row in table("due", "channel").rows] == ["应用", "Hotline"]


def test_a_level_that_is_not_there_is_refused(june: Town) -> None:
    by_level: list[tuple[By, str]] = [
        ("area", "county"),
        ("organisation", "minor"),
        ("grid", "unit"),
        ("channel", "x"),
        ("month", "x"),
    ]
    for by, level in by_level:
        with pytest.raises(Refused, match=level):
            table("due", by, level=level)


def test_an_empty_city_has_no_data(db: None) -> None:
    empty = table("due", "area")
    assert empty.rows == ()
    assert set(empty.total.rates.values()) == {None}
    assert asdict(flags(AT)) == dict.fromkeys(asdict(flags(AT)), 0)


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2015", "2014-12-31T16:00", "2015-12-31T16:00"),
        ("2015-Q4", "2015-09-30T16:00", "2015-12-31T16:00"),
        ("2015-12", "2015-11-30T16:00", "2015-12-31T16:00"),
        ("2016-02-29", "2016-02-28T16:00", "2016-02-29T16:00"),
    ],
)
def test_periods(text: str, start: str, end: str) -> None:
    period = parse_period(text, "Asia/Shanghai")
    assert period.start == datetime.fromisoformat(start).replace(tzinfo=UTC)
    assert period.end == datetime.fromisoformat(end).replace(tzinfo=UTC)


def test_a_day_of_the_change_to_summer_time_is_short() -> None:
    day = parse_period("2015-03-08", "America/New_York")
    assert day.end - day.start == timedelta(hours=23)


@pytest.mark.parametrize(
    "text", ["", "15", "2015-13", "2015-Q5", "2015-02-29", "2015-6", "June", "0001", "9999", "２０１５"]
)
def test_what_is_no_period_is_refused(text: str) -> None:
    with pytest.raises(Refused) as refusal:
        parse_period(text, ZONE)
    assert refusal.value.code == "period_unreadable"


def test_rates_are_rounded_once_halves_up() -> None:
    assert rounded(None) is None
    assert rounded(Fraction(1, 3)) == Fraction(3333, 10_000)
    assert rounded(Fraction(2, 3)) == Fraction(6667, 10_000)
    assert rounded(Fraction(1, 20_000)) == Fraction(1, 10_000)
    assert rounded(Fraction(1)) == 1


# What the city itself said


class Told:
    """Cases with the city's own words beside them."""

    def __init__(self, town: Town) -> None:
        self.town = town

    def case(self, opened: str, due: str, handled: str, **said: Any) -> tuple[Case, Span]:
        case, span = self.town.simple("U1", opened, due, handled, handled)
        report = Report.objects.create(
            number=f"R{case.number}",
            channel="history",
            outside_id=case.number,
            happened_at=case.opened_at,
            recorded_at=AT,
            raw={},
            case=case,
        )
        for name, value in said.items():
            Fact.objects.create(report=report, name=name, value=value, source="history", at=AT)
        return case, span

    def assigned(self, case: Case, handler: str, answers: str) -> None:
        """Dispatched to `handler`; the ledger says `answers`, or nothing."""
        acting = self.town.organisations[handler]
        Assignment.objects.create(
            id=assignment_id(case.pk, 2), case=case, no=2, round=1, kind="main", responsible_org=acting,
            acting_org=acting, started_at=case.opened_at,
        )  # fmt: skip
        if answers:
            row = LedgerRow.objects.create(code=case.number, valid_from=SINCE)
            LedgerParty.objects.create(row=row, organisation=self.town.organisations[answers])
            Case.objects.filter(pk=case.pk).update(ledger_row=row)


@pytest.fixture
def told(town: Town) -> Told:
    return Told(town)


@pytest.fixture
def flagged(told: Told) -> list[tuple[Case, Span]]:
    target = on("06-10").isoformat()
    return [
        told.case("06-01", "06-10", "06-09", on_time_flag="on_time", target=target, due_by_rule=target),
        told.case("06-01", "06-10", "06-10", on_time_flag="on_time", target=target, due_by_rule=target),
        told.case("06-01", "06-10", "06-11", on_time_flag="overdue", target=target),
        told.case("06-01", "06-10", "06-09", on_time_flag="on_time"),  # no target: not compared
        told.case("06-01", "06-10", "06-09", target=on("06-10 00:01").isoformat(), due_by_rule=target),
        told.case("06-01", "06-10", "", on_time_flag="overdue", target=target),
        told.case("06-01", "07-20", "", on_time_flag="on_time", target=on("07-20").isoformat()),
        told.case("06-01", "07-20", "", on_time_flag="overdue", target=on("07-20").isoformat()),
    ]


def test_flags_are_compared_where_both_sides_are_there(flagged: list[tuple[Case, Span]]) -> None:
    found = flags(AT)
    assert (found.flags_compared, found.flags_agree) == (3, 3)
    assert (found.open_flags_compared, found.open_flags_agree) == (3, 2)
    assert (found.limits_compared, found.limits_explained) == (4, 3)  # one is a minute off, one has no rule


def test_one_moved_ending_is_one_flag_less(flagged: list[tuple[Case, Span]]) -> None:
    before = flags(AT)
    Span.objects.filter(pk=flagged[0][1].pk).update(ended_at=on("06-10 00:00:01"))
    after = flags(AT)
    assert (after.flags_compared, after.flags_agree) == (before.flags_compared, before.flags_agree - 1)


def test_one_deleted_span_is_one_comparison_less(flagged: list[tuple[Case, Span]]) -> None:
    before = flags(AT)
    Span.objects.filter(pk=flagged[2][1].pk).delete()
    Span.objects.filter(pk=flagged[5][1].pk).delete()
    after = flags(AT)
    assert (after.flags_compared, after.flags_agree) == (before.flags_compared - 1, before.flags_agree - 1)
    assert after.open_flags_compared == before.open_flags_compared - 1


def test_flags_are_read_as_of_an_instant(flagged: list[tuple[Case, Span]]) -> None:
    then = flags(on("06-10"))  # one closes the day after, and nothing is overdue yet
    assert (then.flags_compared, then.flags_agree) == (2, 2)
    assert (then.open_flags_compared, then.open_flags_agree) == (4, 1)


def test_the_latest_fact_of_a_name_stands(told: Told) -> None:
    case, _ = told.case("06-01", "06-10", "06-11", on_time_flag="on_time", target=on("06-10").isoformat())
    assert flags(AT).flags_agree == 0
    Fact.objects.create(
        report=Report.objects.get(case=case), name="on_time_flag", value="overdue", source="desk", at=AT
    )
    assert (flags(AT).flags_compared, flags(AT).flags_agree) == (1, 1)


def test_printed_places_are_compared_with_located_ones(told: Told) -> None:
    told.case("06-01", "", "", area_printed={"code": "T1", "located": "T1"})
    told.case("06-01", "", "", area_printed={"code": "T1", "located": "T2"})
    told.case("06-01", "", "", area_printed={"code": "T1", "located": None})  # the point fell into no area
    told.case("06-01", "", "", area_printed={"code": "T1"})  # there was no point
    found = flags(AT)
    assert (found.place_compared, found.place_agree) == (3, 1)


def test_the_ledger_is_compared_with_whom_the_history_named(told: Told) -> None:
    for handler, answers, said in (
        ("U1", "U1", {}),
        ("U1", "U2", {}),  # of the same department
        ("U1", "U3", {}),
        ("U1", "", {}),  # the ledger named nobody
        ("U1", "U1", {"organisation_missing": None}),  # the history named nobody
    ):
        case, _ = told.case("06-01", "", "", **said)
        told.assigned(case, handler, answers)
    found = flags(AT)
    assert (found.ledger_compared, found.ledger_agree, found.ledger_agree_department) == (4, 1, 2)


# On its way out


def test_exports(june: Town) -> None:
    made = table("due", "organisation")
    plain = exports.to_dict(made)
    assert plain["start"] == "2015-06-01T00:00:00+08:00"
    assert plain["rows"][0] == {
        "code": "D1",
        "name": "Org D1",
        "reported": 6,
        "closed": 3,
        "due": 6,
        "closed_on_time": 1,
        "closed_late": 2,
        "overdue_open": 2,
        "closed_of_found": 0.5,
        "closed_of_due": 0.5,
        "on_time_of_due": 0.1667,
    }
    assert '"total"' in exports.to_json(made)
    lines = exports.to_csv(made).splitlines()
    assert lines[1] == "D1,Org D1,6,3,6,1,2,2,0.5,0.5,0.1667"
    assert lines[-1] == "total,,9,5,9,2,3,3,0.5556,0.5556,0.2222"
    assert len(lines) == 5


def test_the_terminal_says_where_there_is_no_data(june: Town) -> None:
    console = Console(width=200, record=True, file=None, quiet=False)
    with console.capture() as capture:
        console.print(exports.to_terminal(table("due", "organisation")))
        console.print(exports.to_terminal(table("due", "channel", period="2014")))
    shown = capture.get()
    assert "Org D1" in shown
    assert "(with nobody yet)" in shown
    assert "16.7%" in shown
    assert "no data" in shown
    assert "2015-07-10 00:00" in shown


def _client(*permissions: str) -> TestClient:
    post = HeldPost("p", "supervision", frozenset(permissions))

    def signed_in(request: HttpRequest) -> Actor:
        return Actor("user:1", "Somebody", (post,))

    api = NinjaAPI(auth=signed_in, urls_namespace="-".join(["evaluation", *permissions]))
    install(api)
    api.add_router("", router)
    return TestClient(api)


def test_over_http(june: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: AT)
    City.objects.create(code="1", name="Town", zone="Asia/Shanghai", pack="town", digest="")
    client = _client("evaluation.read")
    answer = client.get("/evaluation?period=2015-06&by=organisation&level=unit")
    assert answer.status_code == 200
    assert answer.json() == exports.to_dict(table("due", "organisation", level="unit"))
    early = client.get("/evaluation?period=2015-06&by=channel&at=2015-06-11T00:00:00%2B08:00")
    assert early.json()["total"]["due"] == 4
    for wrong, status, code in [
        ("period=June&by=area", 422, "period_unreadable"),
        ("period=2015&by=area&level=county", 422, "level_unknown"),
        ("period=2015&by=weather", 422, "input_wrong"),
    ]:
        answer = client.get(f"/evaluation?{wrong}")
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    refused = _client("cases.read").get("/evaluation?period=2015&by=area")
    assert (refused.status_code, refused.json()["permission"]) == (403, "evaluation.read")


def test_as_a_file(june: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: AT)
    City.objects.create(code="1", name="Town", zone="Asia/Shanghai", pack="town", digest="")
    answer = _client("evaluation.read").get("/evaluation.csv?period=2015-06&by=organisation")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert (
        answer.headers["Content-Disposition"]
        == 'attachment; filename="evaluation_2015-06_due_organisation_department.csv"'
    )
    assert answer.content.decode("utf-8-sig") == exports.to_csv(table("due", "organisation"))
    assert answer.content.startswith(b"\xef\xbb\xbf")
    wrong = _client("evaluation.read").get("/evaluation.csv?period=June&by=area")
    assert (wrong.status_code, wrong.json()["code"]) == (422, "period_unreadable")
    refused = _client("cases.read").get("/evaluation.csv?period=2015&by=area")
    assert (refused.status_code, refused.json()["permission"]) == (403, "evaluation.read")


def test_every_indicator_and_rate_is_named_once() -> None:
    keys = [indicator.key for indicator in INDICATORS] + [rate.key for rate in RATES]
    assert len(set(keys)) == len(keys)
    counts = {indicator.key for indicator in INDICATORS}
    assert all(counts.issuperset(rate.above + rate.below) for rate in RATES)
