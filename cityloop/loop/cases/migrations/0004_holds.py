import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """Requests for more time get their final rows; nothing has written the table until now."""

    dependencies = [("cases", "0003_lists")]

    operations = [
        migrations.DeleteModel(name="Hold"),
        migrations.CreateModel(
            name="Hold",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "case_id", "no", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("no", models.PositiveSmallIntegerField()),
                ("kind", models.CharField(max_length=10)),
                ("asked_at", models.DateTimeField()),
                ("asked_by", models.CharField(max_length=60)),
                ("reason", models.TextField()),
                ("value", models.DecimalField(decimal_places=3, max_digits=9, null=True)),
                ("unit", models.CharField(default="", max_length=2)),
                ("until_at", models.DateTimeField(null=True)),
                ("review_on", models.DateField(null=True)),
                ("measures", models.TextField(default="")),
                ("decided_at", models.DateTimeField(null=True)),
                ("decided_by", models.CharField(default="", max_length=60)),
                ("granted", models.BooleanField(null=True)),
                ("starts_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                ("before", models.JSONField(default=dict)),
                (
                    "assignment",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="cases.assignment",
                    ),
                ),
                (
                    "case",
                    models.ForeignKey(
                        db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, to="cases.case"
                    ),
                ),
            ],
            options={"db_table": "cases_hold"},
        ),
        migrations.AddConstraint(
            model_name="hold",
            constraint=models.CheckConstraint(
                condition=models.Q(("decided_at", None), ("decided_at__gte", models.F("asked_at")), _connector="OR"),
                name="cases_hold_forward",
            ),
        ),
        migrations.AddIndex(
            model_name="hold",
            index=models.Index(condition=models.Q(("ended_at", None), ("granted", None)), fields=["asked_at"], name="cases_hold_waiting"),
        ),
        migrations.AddField(model_name="assignment", name="parts", field=models.JSONField(default=list)),
        migrations.AddField(model_name="assignment", name="told", field=models.PositiveSmallIntegerField(default=0)),
        migrations.AddIndex(
            model_name="assignment",
            index=models.Index(
                condition=models.Q(("ended_at", None), ("no__gt", 1)),
                fields=["yellow_at"],
                name="cases_assignment_sweep",
            ),
        ),
    ]
