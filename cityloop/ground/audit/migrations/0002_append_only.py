from django.db import migrations

from cityloop.ground.audit.appendonly import append_only


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]
    operations = append_only("audit_seal", "audit_leaf")
