"""Where `serve` puts the live feed, and where it tells browsers to find it."""

import socket
from typing import Any

import pytest

from cityloop.config.serve import _feed_url, _port_after


@pytest.mark.parametrize(
    ("host", "origin", "address"),
    [
        ("127.0.0.1", "", "http://127.0.0.1:8001/feed"),
        ("::1", "", "http://[::1]:8001/feed"),
        ("0.0.0.0", "", "http://city.example:8001/feed"),  # an address to listen at, not to go to
        ("0.0.0.0", "https://city.example", "https://city.example/feed"),
    ],
)
def test_browsers_are_told_an_address_they_can_reach(settings: Any, host: str, origin: str, address: str) -> None:
    settings.ORIGIN = origin
    settings.ALLOWED_HOSTS = ["city.example"]
    assert _feed_url(host, 8001) == address


def test_the_feed_takes_the_next_port_or_any() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert _port_after("127.0.0.1", port - 1) not in (0, port)
    assert _port_after("127.0.0.1", 65535) > 0
    assert _port_after("127.0.0.1", port - 1) == port
