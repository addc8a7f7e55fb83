from django.db import migrations

from cityloop.ground.audit.appendonly import append_only


class Migration(migrations.Migration):
    dependencies = [("orders", "0001_initial"), ("audit", "0002_append_only")]
    operations = append_only("orders_logline")
