from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("cases", "0005_links_and_approvals")]

    operations = [
        migrations.AddField(
            "case", "unit_no", models.PositiveSmallIntegerField(default=0, db_default=0),
        ),
        migrations.RunSQL(
            "UPDATE cases_case SET unit_no = assignments_made WHERE assignments_made > 1", migrations.RunSQL.noop
        ),
        migrations.AddIndex(
            "span",
            models.Index(
                fields=["case"], name="cases_span_review", condition=models.Q(ended_at=None, stage="duty_review")
            ),
        ),
    ]
