"""Two people at once: one form sent twice is one order, numbers follow each other, a step is taken once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, connections, transaction
from journeys.conftest import Person, holder_of
from journeys.test_two_clients import brought_to, wait_for, waiting

from cityloop.config.pack.reading import Pack
from cityloop.loop.cases.verify import verify
from cityloop.loop.orders.models import Order


def both(held: str, values: list[Any], *asks: Callable[[], Any]) -> list[Any]:
    """What is answered when all have come as far as the row that `held` locks, before any may go on."""

    def ask(one: Callable[[], Any]) -> Any:
        try:
            return one()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(asks)) as pool:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"{held} FOR UPDATE", values)
            answers = [pool.submit(ask, one) for one in asks]
            wait_for(lambda: waiting() == len(asks))
        return sorted((answer.result() for answer in answers), key=lambda answer: int(answer.status_code))


def order(person: Person, case: str, key: str, **changes: Any) -> Any:
    body = {"kind": "supervision", "target": "roads", "title": "Holes", "text": "Fill them.", "cases": [case]}
    return person.post("/orders", {**body, "key": key, **changes})


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("keys", "numbers"), [(("1", "1"), 1), (("1", "2"), 2)])
def test_forms_sent_at_once(order_city: Pack, keys: tuple[str, str], numbers: int) -> None:
    case, people = brought_to("handling")
    officer = holder_of("supervision_officer")
    answers = both(
        "SELECT FROM cases_case WHERE number = %s", [case], *(lambda key=key: order(officer, case, key) for key in keys)
    )
    assert [answer.status_code for answer in answers] == [201, 201]
    assert {answer.json()["number"] for answer in answers} == {f"DB2025000{no}" for no in range(1, numbers + 1)}
    entries = people["evaluator"].get(f"/cases/{case}").json()["entries"]
    assert [entry["step"] for entry in entries].count("order") == numbers == Order.objects.count()
    assert list(verify()) == []


@pytest.mark.django_db(transaction=True)
def test_the_last_signature_is_given_once(order_city: Pack) -> None:
    case, people = brought_to("handling")
    officer, leader = holder_of("supervision_officer"), holder_of("leader")
    made = order(officer, case, "1", signatories=["leader"]).json()
    sign = f"/orders/{made['reference']}/steps"
    first, second = both(
        "SELECT FROM orders_order WHERE id = %s", [int(made["reference"])],
        *(lambda: leader.post(sign, {"step": "sign"}) for _ in range(2)),
    )  # fmt: skip
    assert (first.status_code, second.status_code) == (200, 409)
    assert second.json()["code"] == "order_state"
    assert [line["step"] for line in first.json()["log"]] == ["draft", "sign", "issue"]
    entries = people["evaluator"].get(f"/cases/{case}").json()["entries"]
    assert [entry["step"] for entry in entries].count("order") == 1
