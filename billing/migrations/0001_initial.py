"""Every table and function of money, in the order in which they need each other."""

from django.db import migrations

from billing.sql import script

FILES = [
    "clock",
    "append_only",
    "partition",
    "ledger",
    "wallet",
    "cap",
    "cap_add",
    "rate",
    "worker",
    "items",
    "reserve",
    "settle",
    "sweep",
    "credit",
]


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [migrations.RunSQL(script(*FILES))]
