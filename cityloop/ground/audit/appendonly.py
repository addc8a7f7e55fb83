"""Tables that only grow: the database itself refuses to change or remove their rows."""

from django.db import migrations

_FUNCTION = """
CREATE OR REPLACE FUNCTION cityloop_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' AND current_database() LIKE 'test\\_%' THEN
        RETURN NULL;  -- a test database is emptied between tests
    END IF;
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$
"""


def append_only(*tables: str) -> list[migrations.RunSQL]:
    """What a migration runs so that rows of `tables` can be added and read, nothing else."""
    return [migrations.RunSQL(_FUNCTION, migrations.RunSQL.noop)] + [
        migrations.RunSQL(
            f"CREATE TRIGGER append_only_rows BEFORE UPDATE OR DELETE ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION cityloop_append_only();"
            f"CREATE TRIGGER append_only_table BEFORE TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION cityloop_append_only()",
            f"DROP TRIGGER append_only_rows ON {table}; DROP TRIGGER append_only_table ON {table}",
        )
        for table in tables
    ]
