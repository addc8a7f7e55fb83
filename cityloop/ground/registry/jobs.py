"""What the registry does in the background."""

from procrastinate.contrib.django import app

from cityloop.core import clock
from cityloop.ground.registry.imports import forget_imports


@app.periodic(cron="47 * * * *")
@app.task(name="registry.forget_imports")
def forget(timestamp: int) -> None:
    """Hourly: files that were only looked at go. Running twice deletes nothing more."""
    forget_imports(at=clock.now())
