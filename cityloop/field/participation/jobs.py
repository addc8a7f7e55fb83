"""What participation does in the background."""

from procrastinate.contrib.django import app

from cityloop.core import clock
from cityloop.field.participation.actions import forget


@app.periodic(cron="37 * * * *")
@app.task(name="participation.forget")
def drop(timestamp: int) -> None:
    """Hourly: what was only kept to count goes after a day. Running twice deletes nothing more."""
    forget(at=clock.now())
