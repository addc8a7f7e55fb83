"""What the worker does by itself: seal each day, name places, pick up jobs whose worker was killed, forget sessions."""

import logging
from datetime import UTC, datetime, timedelta

from procrastinate import JobContext
from procrastinate.contrib.django import app
from procrastinate.exceptions import UniqueViolation
from procrastinate.jobs import Status

from cityloop.core import clock

ATTEMPTS = 5
"""A job that was started so often and never ended is given up: it may be what kills the worker."""

log = logging.getLogger("cityloop.jobs")


@app.periodic(cron="7 * * * *")
@app.task(name="config.seal")
def seal(timestamp: int) -> None:
    """Seal up to yesterday by the city's clock, unless that has been done.

    Hourly, because midnight of a shifted clock is at no hour known here; what runs late still seals.
    """
    from cityloop.ground.audit.actions import seal as seal_day
    from cityloop.ground.audit.queries import last_seal
    from cityloop.ground.places.city import find_city

    now, city, last = clock.now(), find_city(), last_seal()
    if city is None:
        return
    yesterday = city.day(now) - timedelta(days=1)
    if last is None or last.day < yesterday:
        seal_day(day=yesterday, at=now)


@app.periodic(cron="* * * * *")
@app.task(name="config.retry_stalled", pass_context=True)
async def retry_stalled(context: JobContext, timestamp: int) -> None:
    """Put jobs back whose worker has not been heard of for 30 s; otherwise they would stay `doing` for ever."""
    manager = context.app.job_manager
    for job in await manager.get_stalled_jobs():
        if job.attempts + 1 >= ATTEMPTS:
            log.error("job %s %s was started %s times and never ended", job.id, job.task_name, job.attempts + 1)
            await manager.finish_job(job, status=Status.FAILED, delete_job=False)
            continue
        try:
            await manager.retry_job(job, retry_at=datetime.now(UTC))
        except UniqueViolation:  # the same work has been queued again meanwhile
            await manager.finish_job(job, status=Status.CANCELLED, delete_job=False)


@app.periodic(cron="23 3 * * *")
@app.task(name="config.forget_sessions")
def forget_sessions(timestamp: int) -> None:
    """Delete the sessions that have ended."""
    from django.core.management import call_command

    call_command("clearsessions")


@app.periodic(cron="41 3 * * *")
@app.task(name="config.name_places")
def name_places(timestamp: int) -> None:
    """Let places be found by what came in since yesterday."""
    from cityloop.config import addresses
    from cityloop.ground.places.city import find_city

    if find_city() is not None:
        addresses.refresh()
