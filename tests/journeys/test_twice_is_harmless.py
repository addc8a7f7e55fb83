"""Whatever is sent, replayed or asked for a second time adds nothing and changes nothing."""

from journeys.rows import all_rows, differences
from django.db import connection

from cityloop.loop.history.replay import Replayed
from cityloop.loop.cases.verify import verify

def test_x(tiny_replayed: Replayed) -> None:
    print(tiny_replayed)
    with connection.cursor() as c:
        r = all_rows(c)
    for t, rows in r.items(): print(t, len(rows), rows[:1])
    assert list(verify()) == []
