"""What the worker does to cases by itself."""

from typing import Any

from procrastinate.contrib.django import app

from cityloop.core import clock
from cityloop.ground.places.city import find_city
from cityloop.loop.cases import recount, sweep, upgrade
from cityloop.loop.clocks.calendar import calendar


@app.periodic(cron="* * * * *")
@app.task(name="cases.sweep", lock="cases.sweep", queueing_lock="cases.sweep")
def tell(timestamp: int) -> None:
    """Each minute: warn, remind and propose as the city has it; whoever kept silent past the limit has signed."""
    if find_city() is not None:
        sweep.sweep(at=clock.now())


@app.periodic(cron="13 * * * *")
@app.task(name="cases.upgrade", lock="cases.sweep", queueing_lock="cases.upgrade")
def bring_up(timestamp: int) -> None:
    """Each hour: what drags on is brought before those concerned."""
    if find_city() is not None:
        upgrade.upgrade(at=clock.now())


@app.task(name="cases.recount", lock="cases.sweep")
def count_anew(before: dict[str, Any]) -> None:
    """A calendar learned of more days: count provisional deadlines anew. `before`: as it was, as packs write it."""
    recount.recount(calendar(before), at=clock.now())
