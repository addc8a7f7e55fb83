"""Orders as rows. Only `actions` writes them."""

from django.db import models

from cityloop.loop.cases.models import frozen
from cityloop.loop.orders.lifecycle import RUNNING, STATES


class Order(models.Model):
    """A document from above. It has a number from the day it is issued; both limits count from then."""

    number = models.CharField(max_length=24, unique=True, null=True)
    kind = models.CharField(max_length=20)
    level = models.CharField(max_length=20)
    state = models.CharField(max_length=20)
    title = models.CharField(max_length=200)
    text = models.TextField()
    basis = models.CharField(max_length=200, default="")
    issuer = models.ForeignKey("accounts.Organisation", on_delete=models.PROTECT, related_name="+")
    target = models.ForeignKey("accounts.Organisation", on_delete=models.PROTECT, related_name="+", db_index=False)
    key = models.CharField(max_length=60)
    """What its drafter's form calls it: the same form twice is one order."""
    drafted_at = models.DateTimeField()
    drafted_by = models.CharField(max_length=60)
    issued_at = models.DateTimeField(null=True)
    issued_by = models.CharField(max_length=60, default="")
    sign_due_at = models.DateTimeField(null=True)
    sign_yellow_at = models.DateTimeField(null=True)
    signed_for_at = models.DateTimeField(null=True)
    signed_for_by = models.CharField(max_length=60, default="")
    reply_due_at = models.DateTimeField(null=True)
    reply_yellow_at = models.DateTimeField(null=True)
    reply = models.TextField(default="")
    replied_at = models.DateTimeField(null=True)
    replied_by = models.CharField(max_length=60, default="")
    closed_at = models.DateTimeField(null=True)
    closed_by = models.CharField(max_length=60, default="")

    class Meta:
        db_table = "orders_order"
        constraints = [
            models.UniqueConstraint(fields=["drafted_by", "key"], name="orders_order_once"),
            models.CheckConstraint(condition=models.Q(state__in=list(STATES)), name="orders_order_state"),
            models.CheckConstraint(
                condition=models.Q(number=None, issued_at=None)
                | models.Q(number__isnull=False, issued_at__isnull=False),
                name="orders_order_numbered",
            ),
        ]
        indexes = [
            models.Index(fields=["target", "-id"], name="orders_order_target"),
            models.Index(fields=["-id"], name="orders_order_running", condition=models.Q(state__in=RUNNING)),
        ]


class OrderCase(models.Model):
    """One case that an order covers."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="covered", db_index=False)
    case = models.ForeignKey("cases.Case", on_delete=models.PROTECT, related_name="+")

    class Meta:
        db_table = "orders_ordercase"
        constraints = [models.UniqueConstraint(fields=["order", "case"], name="orders_ordercase_once")]


class Signature(models.Model):
    """One who signs before an order is issued, by post; in the order of `position`."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="signatures", db_index=False)
    position = models.PositiveSmallIntegerField()
    post = models.CharField(max_length=60, db_index=True)
    signed_at = models.DateTimeField(null=True)
    signed_by = models.CharField(max_length=60, default="")

    class Meta:
        db_table = "orders_signature"
        constraints = [
            models.UniqueConstraint(fields=["order", "position"], name="orders_signature_place"),
            models.UniqueConstraint(fields=["order", "post"], name="orders_signature_once"),
        ]


class LogLine(models.Model):
    """What was done with an order, never changed."""

    order = frozen("orders.Order")
    no = models.PositiveSmallIntegerField()
    step = models.CharField(max_length=20)
    at = models.DateTimeField()
    actor = models.CharField(max_length=60)
    post = models.CharField(max_length=60, default="")
    note = models.TextField(default="")

    class Meta:
        db_table = "orders_logline"
        constraints = [models.UniqueConstraint(fields=["order", "no"], name="orders_logline_no")]


class NumberCounter(models.Model):
    """The last serial given out for a kind in a year; a serial is taken in the transaction that uses it."""

    kind = models.CharField(max_length=20)
    year = models.PositiveSmallIntegerField()
    last = models.PositiveIntegerField()

    class Meta:
        db_table = "orders_numbercounter"
        constraints = [models.UniqueConstraint(fields=["kind", "year"], name="orders_numbercounter_once")]
