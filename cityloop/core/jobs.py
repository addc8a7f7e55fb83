"""Hand jobs to the worker. The rooms name jobs; who runs them is decided elsewhere."""

from collections.abc import Iterable, Mapping
from typing import Any

from procrastinate.contrib.django import app
from procrastinate.jobs import Job


def defer(jobs: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
    """Queue (job name, arguments) pairs inside the current transaction: one statement for any number, none for none.

    They run after the commit and are gone with a rollback. An unknown name is a fault of the program (KeyError).
    Arguments must be JSON.
    """
    rows = [_row(name, arguments) for name, arguments in jobs]
    if rows:
        app.job_manager.batch_defer_jobs(rows)


def _row(name: str, arguments: Mapping[str, Any]) -> Job:
    task = app.tasks[name]
    return Job(
        id=None,
        queue=task.queue,
        priority=task.priority,
        lock=task.lock,
        queueing_lock=task.queueing_lock,
        task_name=task.name,
        task_kwargs=dict(arguments),
    )
