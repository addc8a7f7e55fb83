"""Tokens, passwords, tenures and the two axes."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from cityloop.core.actor import SYSTEM, Actor, HeldPost
from cityloop.core.errors import Conflict, Denied, Refused, Unknown
from cityloop.ground.accounts.actions import (
    drop_second_factor,
    end_tenure,
    give_tenure,
    make_demo_users,
    make_token,
    make_user,
    revoke_token,
    set_password,
    switch_off,
    switch_on,
)
from cityloop.ground.accounts.models import Organisation, Post, Tenure, Token, User
from cityloop.ground.accounts.queries import actor_of_token, actor_of_user, digest_of
from cityloop.ground.accounts.roles import PERMISSIONS, ROLES
from cityloop.ground.places.models import City
from cityloop.loop.cases.lifecycle import BY_ITSELF, STEPS

AT = datetime(2015, 6, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def town(db: None) -> Organisation:
    City.objects.create(code="100000", name="Town", zone="Asia/Shanghai", pack="t", digest="0", clock_shift=0 * HOUR)
    return Organisation.objects.create(code="hall", name="Hall", valid_from=date(2000, 1, 1))


def post(town: Organisation, role: str, **dates: date) -> Post:
    dates = {"valid_from": date(2000, 1, 1), **dates}
    axis = ROLES[role].axis.value
    return Post.objects.create(code=f"{role}-1", name=role, role=role, axis=axis, organisation=town, **dates)


def holder(*posts: Post, until: datetime | None = None) -> tuple[User, str]:
    user = make_user("ada", actor=SYSTEM, name="Ada")
    for each in posts:
        give_tenure(user, each, actor=SYSTEM, at=AT, until=until)
    return user, make_token(user, actor=SYSTEM, at=AT, expires_at=AT + 10 * HOUR)


def test_a_token_tells_who_acts_in_one_statement(town: Organisation, django_assert_num_queries: Any) -> None:
    user, secret = holder(post(town, "collector"), post(town, "shift_leader"))
    with django_assert_num_queries(1):
        actor = actor_of_token(secret, AT)
    assert actor is not None
    assert (actor.key, actor.name, actor.trusted) == (f"user:{user.pk}", "Ada", False)
    assert actor.posts == (
        HeldPost("collector-1", "supervision", ROLES["collector"].permissions, town.pk, role="collector"),
        HeldPost("shift_leader-1", "supervision", ROLES["shift_leader"].permissions, town.pk, role="shift_leader"),
    )


def test_only_the_digest_of_a_secret_is_kept(town: Organisation) -> None:
    _, secret = holder(post(town, "collector"))
    assert Token.objects.get().digest == digest_of(secret)
    assert secret not in str(list(Token.objects.values()))


def test_what_ended_signs_nobody_in(town: Organisation) -> None:
    user, secret = holder(post(town, "collector"))
    assert actor_of_token(secret, AT + 9 * HOUR) is not None
    assert actor_of_token(secret, AT + 10 * HOUR) is None
    assert actor_of_token(secret + "x", AT) is None
    revoke_token(digest_of(secret), actor=SYSTEM, at=AT + HOUR)
    assert actor_of_token(secret, AT + 2 * HOUR) is None
    again = make_token(user, actor=SYSTEM, at=AT)
    User.objects.update(is_active=False)
    assert actor_of_token(again, AT) is None


def test_a_tenure_that_ended_allows_nothing(town: Organisation) -> None:
    _, secret = holder(post(town, "collector"), until=AT + HOUR)
    after = actor_of_token(secret, AT + HOUR)
    assert after is not None
    assert after.posts == ()
    with pytest.raises(Denied):
        after.require("cases.read")


def test_ending_a_tenure_never_lengthens_it(town: Organisation) -> None:
    holder(post(town, "collector"), until=AT + HOUR)
    tenure = Tenure.objects.get()
    end_tenure(tenure, actor=SYSTEM, at=AT + 5 * HOUR)
    tenure.refresh_from_db()
    assert tenure.valid_to == AT + HOUR


def test_a_post_is_valid_by_the_days_of_the_city(town: Organisation) -> None:
    """Midnight in Shanghai is 16:00 UTC of the day before."""
    _, secret = holder(post(town, "collector", valid_from=date(2015, 6, 2)))
    before, after = (actor_of_token(secret, datetime(2015, 6, 1, hour, tzinfo=UTC)) for hour in (15, 16))
    assert before is not None
    assert after is not None
    assert (len(before.posts), len(after.posts)) == (0, 1)


@pytest.mark.parametrize(("merged", "starts", "refused"), [(False, 0, True), (False, 2, False), (True, 0, False)])
def test_nobody_is_on_both_axes_at_one_time(town: Organisation, merged: bool, starts: int, refused: bool) -> None:
    City.objects.update(settings={"axes_merged": merged})
    user, _ = holder(post(town, "shift_leader"), until=AT + 2 * HOUR)
    dispatcher = post(town, "dispatcher")
    if refused:
        with pytest.raises(Refused, match="supervision and command"):
            give_tenure(user, dispatcher, actor=SYSTEM, at=AT + starts * HOUR)
    else:
        give_tenure(user, dispatcher, actor=SYSTEM, at=AT + starts * HOUR)
    assert Tenure.objects.count() == (1 if refused else 2)


def test_giving_a_tenure_again_adds_nothing(town: Organisation) -> None:
    collector = post(town, "collector")
    user, _ = holder(collector)
    give_tenure(user, collector, actor=SYSTEM, at=AT + HOUR)
    assert Tenure.objects.count() == 1


@pytest.mark.django_db
def test_only_who_manages_accounts_changes_them() -> None:
    nobody = Actor("user:1", "Nobody")
    with pytest.raises(Denied):
        make_user("ada", actor=nobody)
    user = make_user("ada", actor=SYSTEM)
    with pytest.raises(Denied):
        make_token(user, actor=nobody, at=AT)
    with pytest.raises(Denied):
        revoke_token("0" * 64, actor=nobody, at=AT)
    with pytest.raises(Unknown):
        revoke_token("0" * 64, actor=SYSTEM, at=AT)
    with pytest.raises(Conflict):
        make_user("ada", actor=SYSTEM)
    assert (User.objects.count(), Token.objects.count()) == (1, 0)


def test_roles_and_steps_speak_of_known_permissions() -> None:
    used = {step.permission for step in STEPS.values()} | {p for role in ROLES.values() for p in role.permissions}
    assert used <= PERMISSIONS.keys()


def test_every_step_has_a_role_on_its_own_axis_and_none_on_the_other() -> None:
    nobodys = {"recount"}  # only the system takes it
    assert nobodys <= BY_ITSELF
    for step in STEPS.values():
        axes = {role.axis for role in ROLES.values() if step.permission in role.permissions}
        assert axes == (set() if step.name in nobodys else {step.axis}), step.name


@pytest.mark.parametrize("password", ["short", "1234567890", "password123"])
def test_a_weak_password_is_refused_and_the_old_one_stays(town: Organisation, password: str) -> None:
    user = make_user("ada", actor=SYSTEM)
    set_password(user, "a-lamp-in-the-street", actor=SYSTEM)
    with pytest.raises(Refused) as refused:
        set_password(user, password, actor=SYSTEM)
    assert refused.value.code == "password_weak"
    assert User.objects.get().check_password("a-lamp-in-the-street")


def test_users_are_changed_by_administrators_only(town: Organisation) -> None:
    user = make_user("ada", actor=SYSTEM)
    nobody = Actor("user:0", "nobody", (HeldPost("x", "supervision", ROLES["auditor"].permissions),))
    before = User.objects.values().get()
    for attempt in (
        lambda: set_password(user, "a-lamp-in-the-street", actor=nobody),
        lambda: switch_off(user, actor=nobody),
        lambda: switch_on(user, actor=nobody),
        lambda: drop_second_factor(user, actor=nobody),
        lambda: make_demo_users("x", actor=nobody),
    ):
        with pytest.raises(Denied):
            attempt()
    assert User.objects.values().get() == before


def test_the_two_who_judge_held_reports_and_the_one_who_maintains() -> None:
    holders = {name: {role.key for role in ROLES.values() if name in role.permissions} for name in PERMISSIONS}
    assert holders["reports.judge"] == {"acceptor", "shift_leader"}
    assert holders["admin.use"] == {"administrator"}


def test_nobody_signs_in_by_id_who_is_switched_off(town: Organisation, django_assert_num_queries: Any) -> None:
    user, _ = holder(post(town, "collector"))
    with django_assert_num_queries(1):
        actor = actor_of_user(user.pk, AT)
    assert actor is not None
    assert [held.code for held in actor.posts] == ["collector-1"]
    switch_off(user, actor=SYSTEM)
    assert actor_of_user(user.pk, AT) is None
