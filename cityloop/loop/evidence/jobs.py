"""What evidence does in the background."""

from procrastinate.contrib.django import app

from cityloop.core import clock
from cityloop.loop.evidence.actions import drop_unclaimed


@app.periodic(cron="23 * * * *")
@app.task(name="evidence.drop_unclaimed")
def drop(timestamp: int) -> None:
    """Hourly: photos that nothing named for a day go. Running twice deletes nothing more."""
    drop_unclaimed(at=clock.now())
