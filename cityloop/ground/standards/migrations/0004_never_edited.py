"""What an edition says stays as it is, and no day has two editions: the database refuses anything else."""

from django.db import migrations

from cityloop.ground.audit.appendonly import append_only


class Migration(migrations.Migration):
    dependencies = [("standards", "0003_rule_book"), ("audit", "0002_append_only")]
    operations = [
        migrations.RunSQL(
            "UPDATE standards_edition e SET scheme = k.scheme FROM standards_rule r JOIN standards_category k"
            " ON k.id = r.category_id WHERE r.edition_id = e.id",
            migrations.RunSQL.noop,
        ),
        migrations.RunSQL(
            "ALTER TABLE standards_edition ADD CONSTRAINT standards_edition_apart"
            " EXCLUDE USING gist (daterange(valid_from, valid_to) WITH &&)",
            "ALTER TABLE standards_edition DROP CONSTRAINT standards_edition_apart",
        ),
        *append_only("standards_rule", "standards_limit", "standards_ruledocument"),
    ]
