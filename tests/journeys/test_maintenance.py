"""Maintenance: every page opens for whom it is meant, changes hold at once, what is refused changes nothing."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from procrastinate.contrib.django import app as worker
from procrastinate.contrib.django.models import ProcrastinateJob

from cityloop.config.pack.apply import apply
from cityloop.config.pack.reading import Pack
from cityloop.core import clock
from cityloop.core.actor import SYSTEM, Actor
from cityloop.core.errors import CityloopError, Denied
from cityloop.ground.accounts import upkeep
from cityloop.ground.accounts.actions import end_tenure, give_tenure, make_user, name_user
from cityloop.ground.accounts.models import Organisation, Post, Tenure, User
from cityloop.ground.accounts.queries import actor_of_user
from cityloop.ground.accounts.roles import ROLES
from cityloop.ground.accounts.structure import OrganisationData, PostData
from cityloop.ground.audit.actions import seal
from cityloop.ground.places.models import City
from cityloop.ground.registry.actions import end_organisation
from cityloop.ground.standards.actions import put_documents, rename_category
from cityloop.ground.standards.models import Category
from cityloop.ground.standards.rows import DocumentData
from cityloop.loop.cases.search import Wanted, acts
from cityloop.loop.clocks.actions import CalendarData, change_calendar
from cityloop.loop.clocks.ground import ground
from cityloop.loop.clocks.models import Calendar
from journeys.conftest import holder_of

LAMP = {"channel": "app", "category": "0102", "lon": 10.002, "lat": 50.005, "words": "Dark", "area": "990100001"}


class Maintainer(Client):
    """A browser signed in as the holder of a post."""

    def __init__(self, post: str, language: str = "en") -> None:
        super().__init__(headers={"Accept-Language": language})
        self.user = make_user(f"person of {post}", actor=SYSTEM)
        give_tenure(self.user, Post.objects.get(code=post), actor=SYSTEM, at=clock.now() - timedelta(days=1))
        self.force_login(self.user)

    def save(self, page: str, *args: Any, **fields: Any) -> list[str]:
        """Fill a form in and send it; the errors shown, none when it was saved."""
        address = reverse(f"admin:{page}", args=args)
        shown = self.get(address)
        assert shown.status_code == 200, shown.content
        form = shown.context["adminform"].form
        sent = {name: form.get_initial_for_field(field, name) for name, field in form.fields.items()} | fields
        sent |= {
            f"{formset.formset.prefix}-{name}": "0"
            for formset in shown.context["inline_admin_formsets"]
            for name in ("TOTAL_FORMS", "INITIAL_FORMS")
        }
        answer = self.post(address, {name: value for name, value in sent.items() if value not in (None, False)})
        if answer.status_code == 302:
            return []
        return [str(error) for errors in answer.context["adminform"].form.errors.values() for error in errors]


@pytest.fixture
def administrator(desk_city: Pack) -> Maintainer:
    return Maintainer("administrator")


def _pages() -> list[tuple[str, Any]]:
    """Every list and, where there is a row, its page."""
    pages: list[tuple[str, Any]] = [("index", ()), ("audit", ())]
    for model, page in admin.site._registry.items():
        name = f"{model._meta.app_label}_{model._meta.model_name}"
        pages.append((f"{name}_changelist", ()))
        row = page.model._default_manager.first()
        assert row is not None, name
        pages.append((f"{name}_change", (row.pk,)))
        if getattr(page, "adds", False):
            pages.append((f"{name}_add", ()))
    return pages


def _a_case() -> str:
    """Reported and registered by the acceptor, filed by the shift leader."""
    acceptor = holder_of("acceptor")
    number: str = acceptor.post("/reports", LAMP).json()["case"]
    for person, step in ((acceptor, "register"), (holder_of("shift_leader"), "file")):
        assert person.post(f"/cases/{number}/steps", {"step": step}).status_code == 200
    return number


@pytest.fixture
def job(db: None) -> ProcrastinateJob:
    number = worker.configure_task("config.seal", allow_unknown=True).defer(timestamp=1)
    found: ProcrastinateJob = ProcrastinateJob.objects.get(pk=number)
    return found


def _fail(job: ProcrastinateJob) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET status = 'failed' WHERE id = %s", [job.pk])


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_administrator_opens_every_page(administrator: Maintainer, job: ProcrastinateJob, language: str) -> None:
    _a_case()
    put_documents([DocumentData("ACT", "Road act", {}, "law")], actor=SYSTEM)
    seal(day=date(2025, 6, 2), at=clock.now())
    assert administrator.save("accounts_organisation_change", Organisation.objects.get(code="roads").pk) == []
    for page, args in _pages():
        answer = administrator.get(reverse(f"admin:{page}", args=args), headers={"Accept-Language": language})
        assert answer.status_code == 200, page
        assert ("单位" if language == "zh-hans" else "Organisations") in answer.content.decode(), page
        assert not answer.content.decode().count("{{"), page


def test_lists_are_a_constant_number_of_statements(administrator: Maintainer) -> None:
    def asked(page: str) -> int:
        with CaptureQueriesContext(
            connection,
        ) as found:
            assert administrator.get(reverse(f"admin:{page}_changelist")).status_code == 200
        return len(found)

    pages = ("accounts_tenure", "accounts_post", "accounts_organisation", "accounts_user")
    before = [asked(page) for page in pages]
    for count, code in enumerate(("evaluator", "auditor", "collector")):
        Maintainer(code)
        assert administrator.save("accounts_organisation_add", code=f"o{count}", name="O", kind="unit") == []
    assert [asked(page) for page in pages] == before


@pytest.mark.parametrize("role", sorted(ROLES.keys() - {"administrator", "auditor", "handler"}))
def test_others_are_kept_out(desk_city: Pack, role: str) -> None:
    somebody = Maintainer(role)
    for address in ("/admin/", "/admin/accounts/user/", "/admin/audit/", "/admin/jsi18n/"):
        answer = somebody.get(address, follow=True)
        assert answer.status_code == 403, address
    before = User.objects.count()
    sent = {"username": "x", "is_active": "on"}
    assert somebody.post("/admin/accounts/user/add/", sent, follow=True).status_code == 403
    assert User.objects.count() == before


def test_nobody_is_sent_to_our_own_sign_in(desk_city: Pack) -> None:
    answer = Client().get("/admin/accounts/user/", follow=False)
    assert answer.status_code == 302
    answer = Client().get(answer["Location"])
    assert answer["Location"] == "/sign-in?next=%2Fadmin%2Faccounts%2Fuser%2F"


def test_a_tenure_that_ends_closes_the_pages(administrator: Maintainer) -> None:
    assert administrator.get("/admin/").status_code == 200
    end_tenure(Tenure.objects.get(user=administrator.user), actor=SYSTEM, at=clock.now())
    assert administrator.get("/admin/", follow=True).status_code == 403


def test_an_auditor_sees_seals_and_acts_and_nothing_else(desk_city: Pack) -> None:
    number = _a_case()
    auditor = Maintainer("auditor")
    assert number in auditor.get("/admin/audit/").content.decode()
    assert auditor.get("/admin/audit/seal/").status_code == 200
    for page in ("accounts_user", "accounts_organisation", "procrastinate_procrastinatejob", "admin_logentry"):
        assert auditor.get(reverse(f"admin:{page}_changelist")).status_code == 403, page
    assert auditor.post("/admin/accounts/organisation/add/", {"code": "x", "name": "X"}).status_code == 403


def test_who_did_what(administrator: Maintainer) -> None:
    number = _a_case()
    leader = User.objects.get(username="holder of shift_leader")

    def found(query: str) -> list[str]:
        answer = administrator.get(f"/admin/audit/?{query}")
        assert answer.status_code == 200
        return [act["step"] for act in answer.context["acts"]]

    everything = found(f"number={number}")
    assert (everything[0], len(everything)) == ("File", 3)
    assert found(f"actor={leader.username.replace(' ', '+')}") == ["File"]
    assert found("post=acceptor&step=register") == ["Register"]
    assert found("since=2025-06-02&until=2025-06-02") == everything
    assert found("since=2025-06-03") == found("until=2025-06-01") == found("actor=nobody") == []
    with CaptureQueriesContext(connection) as queries:
        acts(Wanted(number=number), actor=SYSTEM, limit=10)
    assert len(queries) == 1
    first = acts(Wanted(number=number), actor=SYSTEM, limit=1)[0]
    assert len(acts(Wanted(number=number), actor=SYSTEM, limit=10, before=first.key)) == 2
    assert "cannot be" in administrator.get("/admin/audit/?before=x").content.decode()


def test_a_new_organisation_is_there_for_the_api_at_once(administrator: Maintainer) -> None:
    number = _a_case()
    dispatcher = holder_of("dispatcher")
    sent = {"step": "dispatch", "organisation": "lamps"}
    assert dispatcher.post(f"/cases/{number}/steps", sent).json()["code"] == "organisation_unknown"
    roads = Organisation.objects.get(code="roads")
    assert (
        administrator.save(
            "accounts_organisation_add", code="lamps", name="Lamps", name_zh="路灯所", kind="unit", parent=roads.pk
        )
        == []
    )
    made = Organisation.objects.get(code="lamps")
    assert (made.path, made.names, made.valid_from) == ([*roads.path, made.pk], {"zh": "路灯所"}, date(2025, 6, 2))
    assert dispatcher.post(f"/cases/{number}/steps", sent).status_code == 200
    logged = LogEntry.objects.get()
    assert (logged.user, logged.object_id) == (administrator.user, str(made.pk))


def test_an_organisation_moves_with_all_below_it(administrator: Maintainer) -> None:
    parks, roads = (Organisation.objects.get(code=code) for code in ("parks", "roads"))
    administrator.save("accounts_organisation_add", code="lamps", name="Lamps", kind="unit", parent=roads.pk)
    assert administrator.save("accounts_organisation_change", roads.pk, parent=parks.pk, name="Streets") == []
    lamps = Organisation.objects.get(code="lamps")
    assert lamps.path == [parks.path[0], parks.pk, roads.pk, lamps.pk]
    assert ground().organisations.by_code["roads"].name == "Streets"
    assert ground().organisations.by_code["lamps"].path == tuple(lamps.path)
    assert administrator.save("accounts_organisation_change", parks.pk, parent=lamps.pk) == [
        "parks cannot stand below itself."
    ]
    assert list(Organisation.objects.get(code="parks").path) == list(parks.path)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("roads", "roads cannot end yet: L1, L2, L4 still need it."),
        ("centre", "centre cannot end yet: parks, roads, acceptor"),
    ],
)
def test_what_is_needed_does_not_end(administrator: Maintainer, code: str, said: str) -> None:
    row = Organisation.objects.get(code=code)
    (error,) = administrator.save("accounts_organisation_change", row.pk, ends="on", name="Other")
    assert error.startswith(said) or code == "centre"
    row.refresh_from_db()
    assert (row.valid_to, row.name != "Other") == (None, True)
    assert not LogEntry.objects.exists()


def test_an_organisation_ends_and_its_code_with_it(administrator: Maintainer) -> None:
    administrator.save("accounts_organisation_add", code="lamps", name="Lamps", kind="unit")
    lamps = Organisation.objects.get(code="lamps")
    assert administrator.save("accounts_organisation_change", lamps.pk, ends="on") == []
    lamps.refresh_from_db()
    assert lamps.valid_to is not None
    assert administrator.post(f"/admin/accounts/organisation/{lamps.pk}/change/", {"name": "X"}).status_code == 403
    assert administrator.save("accounts_organisation_add", code="lamps", name="Again", kind="unit") != []
    assert administrator.post(f"/admin/accounts/organisation/{lamps.pk}/delete/", {"post": "yes"}).status_code == 403


@pytest.mark.parametrize(("language", "said"), [("en", "cannot be a code"), ("zh-hans", "不能作为编码")])
def test_a_refusal_stands_in_the_form_in_the_readers_language(
    administrator: Maintainer, language: str, said: str
) -> None:
    administrator.defaults["HTTP_ACCEPT_LANGUAGE"] = language
    (error,) = administrator.save("accounts_organisation_add", code="a:b", name="X", kind="unit")
    assert said in error
    assert not Organisation.objects.filter(code="a:b").exists()


def test_posts_are_made_changed_and_ended(administrator: Maintainer) -> None:
    roads = Organisation.objects.get(code="roads")
    fields = {"code": "night", "name": "Night shift", "role": "handler", "organisation": roads.pk}
    assert administrator.save("accounts_post_add", **fields) == []
    post = Post.objects.get(code="night")
    assert (post.axis, post.area, post.valid_from) == ("command", None, date(2025, 6, 2))
    night = holder_of("night")
    assert night.get("/cases").status_code == 200
    assert administrator.save("accounts_post_change", post.pk, role="acceptor") == [
        "night is held by holder of night: end their tenures before it moves to the other axis."
    ]
    assert Post.objects.get(code="night").role == "handler"
    assert administrator.save("accounts_post_change", post.pk, role="dispatcher", name="Night desk") == []
    assert "evaluation.read" in ROLES["dispatcher"].permissions
    assert night.get("/evaluation?period=2025&by=area").status_code == 200
    clock.set_shift(clock.shift() + timedelta(days=2))
    assert administrator.save("accounts_post_change", post.pk, ends="on") == []
    assert night.get("/evaluation?period=2025&by=area").status_code == 403


def test_people_are_made_given_a_post_and_switched_off(administrator: Maintainer) -> None:
    weak = administrator.save("accounts_user_add", username="lee", password_new="lee", is_active="on")
    assert len(weak) == 1
    assert not User.objects.filter(username="lee").exists()
    secret = "a rather long password"
    assert (
        administrator.save("accounts_user_add", username="lee", first_name="Lee", password_new=secret, is_active="on")
        == []
    )
    lee = User.objects.get(username="lee")
    assert lee.check_password(secret)
    acceptor, handler = (Post.objects.get(code=code) for code in ("acceptor", "handler-roads"))
    assert administrator.save("accounts_tenure_add", user=lee.pk, post=acceptor.pk) == []
    assert administrator.save("accounts_tenure_add", user=lee.pk, post=handler.pk) == [
        "lee holds acceptor and cannot also hold handler-roads: supervision and command are kept apart."
    ]
    assert [tenure.post for tenure in lee.tenures.all()] == [acceptor]
    assert administrator.save("accounts_user_change", lee.pk, first_name="Lee Y.", is_active="") == []
    lee.refresh_from_db()
    assert (lee.first_name, lee.is_active, lee.check_password(secret)) == ("Lee Y.", False, True)


def test_a_tenure_ends_never_in_the_past(administrator: Maintainer) -> None:
    Maintainer("evaluator")
    tenure = Tenure.objects.get(post__code="evaluator")
    past = clock.now() - timedelta(hours=5)
    sent = {"valid_to_0": f"{past:%Y-%m-%d}", "valid_to_1": f"{past:%H:%M:%S}"}
    assert administrator.save("accounts_tenure_change", tenure.pk, **sent) == []
    tenure.refresh_from_db()
    assert tenure.valid_to is not None
    assert tenure.valid_to > past + timedelta(hours=4)


def test_a_category_is_renamed_and_nothing_else(administrator: Maintainer) -> None:
    lamp = Category.objects.get(code="0102")
    assert administrator.save("standards_category_change", lamp.pk, name="Lantern", name_zh="灯", code="9") == []
    lamp.refresh_from_db()
    assert (lamp.code, lamp.name, lamp.names["zh"], lamp.level) == ("0102", "Lantern", "灯", "minor")
    assert administrator.get("/admin/standards/category/add/").status_code == 403
    assert administrator.post("/admin/standards/rule/add/", {}).status_code == 403


def test_a_calendar_moves_the_next_deadline(administrator: Maintainer) -> None:
    start = datetime(2025, 6, 2, 8, 0, tzinfo=UTC)
    lamp = ground().rules.rule("0102", start.date()).id
    assert ground().due(lamp, start) == datetime(2025, 6, 2, 14, 0, tzinfo=UTC)
    days = Calendar.objects.get().days
    shown = administrator.get("/admin/clocks/calendar/default/change/").content.decode()
    assert all(text in shown for text in ("2025-04-26 09:00-13:00", "08:00-12:00 14:00-18:00"))
    two = "2025-06-02\n2025-06-03 10:00-16:00"
    assert administrator.save("clocks_calendar_change", "default", single_days=two) == []
    assert ground().due(lamp, start) == datetime(2025, 6, 3, 12, 0, tzinfo=UTC)
    after = Calendar.objects.get().days
    assert after == {"2025-06-02": [], "2025-06-03": [["10:00", "16:00"]]} != days
    assert administrator.save("clocks_calendar_change", "default", known_until="2025-12-31") == []
    assert ground().clock.calendars["default"].known_until == date(2025, 12, 31)
    for wrong, said in [
        ({"single_days": "2025-06-31"}, "neither mon"),
        ({"single_days": "2025-06-02\n2025-06-02 09:00-10:00"}, "stands there twice"),
        ({"mon": "18:00-09:00"}, "is no work period"),
        ({"mon": "early"}, "is no work period"),
        ({"mon": "", "wd_rule": "working_time"}, "mon has none"),
        ({"known_until": "soon"}, "valid date"),
        (dict.fromkeys(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), ""), "has no work time"),
    ]:
        (error,) = administrator.save("clocks_calendar_change", "default", **wrong)
        assert said in error
        assert Calendar.objects.get().days == after


def test_the_pack_decides_again_when_it_is_applied(administrator: Maintainer, desk_city: Pack) -> None:
    roads = Organisation.objects.get(code="roads")
    assert administrator.save("accounts_organisation_change", roads.pk, name="Streets") == []
    assert ground().organisations.by_code["roads"].name == "Streets"
    apply(desk_city, actor=SYSTEM, at=clock.now())
    assert ground().organisations.by_code["roads"].name == "Roads department"


def test_a_failed_job_runs_again(administrator: Maintainer, job: ProcrastinateJob) -> None:
    def run_again() -> str:
        sent = {"action": "run_again", "_selected_action": [job.pk]}
        answer = administrator.post("/admin/procrastinate/procrastinatejob/", sent, follow=True)
        job.refresh_from_db()
        return answer.content.decode()

    assert "has not failed" in run_again()
    assert (job.status, job.attempts) == ("todo", 0)
    _fail(job)
    assert "runs again" in run_again()
    assert (job.status, job.attempts) == ("todo", 1)
    assert LogEntry.objects.filter(object_id=str(job.pk)).count() == 1


def test_work_that_is_queued_again_is_not_queued_twice(administrator: Maintainer) -> None:
    def queued() -> ProcrastinateJob:
        deferred = worker.configure_task("config.seal", queueing_lock="seal", allow_unknown=True)
        found: ProcrastinateJob = ProcrastinateJob.objects.get(pk=deferred.defer(timestamp=1))
        return found

    first = queued()
    _fail(first)
    queued()
    sent = {"action": "run_again", "_selected_action": [first.pk]}
    answer = administrator.post("/admin/procrastinate/procrastinatejob/", sent, follow=True)
    assert "has been queued again already" in answer.content.decode()
    first.refresh_from_db()
    assert first.status == "failed"


def test_a_second_factor_that_is_owed_keeps_the_pages_closed(administrator: Maintainer) -> None:
    assert administrator.get("/admin/").status_code == 200
    city = City.objects.get()
    city.settings["second_factor_roles"] = ["administrator"]
    city.save()
    assert administrator.get("/admin/", follow=True).status_code == 403


def test_an_auditor_of_one_area_sees_the_acts_of_that_area(desk_city: Pack) -> None:
    number = _a_case()
    for code, area, seen in (("audit-west", "990100001", True), ("audit-east", "990100002", False)):
        data = PostData(code, code, "auditor", "centre", f"division:{area}")
        upkeep.save_post(data, actor=SYSTEM, at=clock.now(), day=clock.now().date())
        assert (number in Maintainer(code).get("/admin/audit/").content.decode()) is seen


def test_the_ground_is_changed_by_none_but_the_administrator(desk_city: Pack) -> None:
    leader = _actor("shift_leader")
    now, parks = clock.now(), Organisation.objects.get(code="parks")
    category, calendar = Category.objects.get(code="0102"), Calendar.objects.get()
    before = ground()
    week = {"mon": [["08:00", "09:00"]]}
    data = CalendarData("default", calendar.zone, calendar.wd_rule, calendar.at_boundary, week, {})
    post = PostData("x", "X", "handler", "roads", "")
    for attempt in (
        lambda: upkeep.save_organisation(OrganisationData("x", "X", {}, "unit", ""), actor=leader, day=now.date()),
        lambda: end_organisation("parks", actor=leader, day=now.date()),
        lambda: upkeep.end_organisation("parks", actor=leader, day=now.date()),
        lambda: upkeep.save_post(post, actor=leader, at=now, day=now.date()),
        lambda: upkeep.end_post("acceptor", actor=leader, day=now.date()),
        lambda: rename_category(category, name="X", names={}, actor=leader),
        lambda: change_calendar(data, actor=leader),
        lambda: name_user(User.objects.all()[0], "X", actor=leader),
    ):
        with pytest.raises(Denied):
            attempt()
    parks.refresh_from_db()
    assert (parks.valid_to, ground()) == (None, before)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (PostData("a:b", "X", "handler", "roads", ""), "code_unfit"),
        (PostData("x", "X", "king", "roads", ""), "role_unknown"),
        (PostData("x", "X", "handler", "nowhere", ""), "organisation_unknown"),
        (PostData("x", "X", "handler", "roads", "division:1"), "area_unknown"),
    ],
)
def test_a_post_that_cannot_be_is_refused(desk_city: Pack, data: PostData, code: str) -> None:
    posts = Post.objects.count()
    with pytest.raises(CityloopError) as refusal:
        upkeep.save_post(data, actor=SYSTEM, at=clock.now(), day=clock.now().date())
    assert (refusal.value.code, Post.objects.count()) == (code, posts)


def _actor(post: str) -> Actor:
    found = actor_of_user(Maintainer(post).user.pk, clock.now())
    assert found is not None
    return found


def test_acts_are_denied_without_a_permission(desk_city: Pack) -> None:
    with pytest.raises(Denied):
        acts(Wanted(), actor=_actor("evaluator"), limit=1)
