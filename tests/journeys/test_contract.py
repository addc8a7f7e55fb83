"""The API against its own description: whatever is sent, no answer is undeclared, malformed or a fault of ours."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from cityloop.config.pack.reading import Pack
from journeys.conftest import Person, holder_of

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@pytest.fixture
def own_connection() -> Iterator[None]:
    """Requests stay on the test's connection, and so inside its transaction."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.mark.parametrize(
    ("role", "part"),
    [
        ("acceptor", "/"),
        ("dispatcher", "/"),
        ("rule_editor", "/rules/"),
        ("leader", "/rules/"),
        ("ledger_keeper", "/ledger/"),
        ("leader", "/ledger/"),
    ],
)
def test_every_answer_is_declared(tiny_city: Pack, own_connection: None, role: str, part: str) -> None:
    somebody = holder_of(role)
    schema = schemathesis.openapi.from_wsgi("/api/openapi.json", get_wsgi_application())
    operations = [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]
    operations = [operation for operation in operations if part in operation.path]
    assert len(operations) >= 9
    for operation in operations:
        _try(operation, somebody)


def _try(operation: Any, somebody: Person) -> None:
    @given(case=operation.as_strategy())
    @settings(max_examples=12, deadline=None, database=None, suppress_health_check=list(HealthCheck), derandomize=True)
    def send(case: Any) -> None:
        case.validate_response(case.call(headers=somebody.headers), checks=CHECKS)

    send()
