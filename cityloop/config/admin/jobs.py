"""Jobs of the worker, and what was changed in these pages: lists that belong to no room."""

from datetime import UTC, datetime
from typing import Any

from django.apps import apps
from django.contrib import admin, messages
from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from procrastinate.contrib.django import app as worker
from procrastinate.contrib.django.models import ProcrastinateEvent, ProcrastinateJob
from procrastinate.exceptions import UniqueViolation

from cityloop.core.actor import Actor
from cityloop.core.errors import CityloopError, Refused
from cityloop.core.maintenance import ADMIN_USE, ByTitle, MaintenanceAdmin, ReadOnlyInline, asker

STATUSES = {
    "todo": _("Waiting"),
    "doing": _("Running"),
    "succeeded": _("Succeeded"),
    "failed": _("Failed"),
    "cancelled": _("Cancelled"),
    "aborted": _("Aborted"),
}


EVENTS = {
    "deferred": _("Queued"),
    "scheduled": _("Queued"),
    "started": _("Running"),
    "deferred_for_retry": _("Queued again"),
    "succeeded": _("Succeeded"),
    "failed": _("Failed"),
    "cancelled": _("Cancelled"),
    "abort_requested": _("Aborted"),
    "aborted": _("Aborted"),
}


def retry(job: ProcrastinateJob, *, actor: Actor) -> None:
    """Let a failed job run again at once. Refused (job_not_failed) for any other."""
    actor.require(ADMIN_USE)
    if job.status != "failed":
        raise Refused("job_not_failed", job=job.pk, status=STATUSES.get(job.status, job.status))
    try:
        worker.job_manager.retry_job_by_id(job.pk, datetime.now(UTC), job.priority, job.queue_name, job.lock)
    except UniqueViolation as error:
        raise Refused("job_queued_again", job=job.pk) from error


# The library calls its rows by its own name.
apps.get_app_config("procrastinate").verbose_name = _("Jobs")
ProcrastinateJob._meta.verbose_name = _("Job")
ProcrastinateJob._meta.verbose_name_plural = _("Jobs")


class ByStatus(ByTitle):
    title = _("status")
    parameter_name = column = "status"

    def titles(self) -> list[tuple[str, str]]:
        return [(status, str(title)) for status, title in STATUSES.items()]


class EventsInline(ReadOnlyInline[ProcrastinateEvent]):
    model = ProcrastinateEvent
    fields = ("happened", "at")
    readonly_fields = ("happened",)
    ordering = ("at", "id")
    verbose_name_plural = _("Events")

    @admin.display(description=_("Event"))
    def happened(self, event: ProcrastinateEvent) -> str:
        return str(EVENTS.get(event.type, event.type))


@admin.register(ProcrastinateJob)
class JobAdmin(MaintenanceAdmin[ProcrastinateJob]):
    """What the worker has done, does and will do; what failed can be run again."""

    shown = ("number", "task", "status_title", "arguments", "started", "scheduled")
    list_display = ("number", "task", "status_title", "started", "scheduled", "arguments")
    list_filter = (ByStatus, "task_name")
    search_fields = ("task_name",)
    ordering = ("-id",)
    actions = ("run_again",)
    inlines = (EventsInline,)

    @admin.display(description=_("number"), ordering="id")
    def number(self, job: ProcrastinateJob) -> int:
        return int(job.pk)

    @admin.display(description=_("Times started"), ordering="attempts")
    def started(self, job: ProcrastinateJob) -> int:
        return int(job.attempts)

    @admin.display(description=_("Task"), ordering="task_name")
    def task(self, job: ProcrastinateJob) -> str:
        return str(job.task_name)

    @admin.display(description=_("Status"), ordering="status")
    def status_title(self, job: ProcrastinateJob) -> str:
        return str(STATUSES.get(job.status, job.status))

    @admin.display(description=_("Scheduled for"), ordering="scheduled_at")
    def scheduled(self, job: ProcrastinateJob) -> Any:
        return job.scheduled_at

    @admin.display(description=_("Arguments"))
    def arguments(self, job: ProcrastinateJob) -> str:
        return str(job.args)[:200]

    @admin.action(description=_("Run again what failed"))
    def run_again(self, request: HttpRequest, queryset: QuerySet[ProcrastinateJob]) -> None:
        for job in queryset.order_by("id"):
            try:
                with transaction.atomic():
                    retry(job, actor=asker(request))
            except CityloopError as refusal:
                self.message_user(request, str(refusal), messages.WARNING)
                continue
            self.log_change(request, job, str(_("Run again")))
            self.message_user(request, _("Job %(job)s runs again.") % {"job": job.pk}, messages.SUCCESS)


@admin.register(LogEntry)
class LogAdmin(MaintenanceAdmin[LogEntry]):
    """What was changed in these pages, by whom."""

    shown = ("action_time", "user", "content_type", "object_repr", "what")
    list_display = ("action_time", "user", "content_type", "object_repr", "what")
    list_filter = ("content_type",)
    list_select_related = ("user", "content_type")
    search_fields = ("user__username", "object_repr")
    ordering = ("-action_time", "-id")

    @admin.display(description=_("Change"))
    def what(self, entry: LogEntry) -> str:
        kinds = {ADDITION: _("Added"), CHANGE: _("Changed")}
        return str(entry.get_change_message() or kinds.get(entry.action_flag, ""))
