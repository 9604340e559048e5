"""Payments by providers' servers: top-ups of any channel, their transactions, messages and discrepancies."""

import django.db.models.deletion
from django.conf import settings
from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models

import billing.ids
from billing.sql import script


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_gateway_reads_keys"),
        ("billing", "0008_manual_rates_end"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ExternalMessage",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("source", models.TextField(verbose_name="provider")),
                ("method", models.TextField(verbose_name="method")),
                ("external_id", models.TextField(verbose_name="number at the provider")),
                ("body", models.BinaryField()),
                ("answer", models.BinaryField()),
                ("status", models.SmallIntegerField()),
                ("remote", models.TextField(verbose_name="address")),
                ("at", models.DateTimeField(verbose_name="time")),
            ],
            options={
                "verbose_name": "provider's message",
                "verbose_name_plural": "providers' messages",
                "db_table": "external_message",
                "ordering": ["-id"],
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="Discrepancy",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "provider",
                    models.CharField(
                        choices=[
                            ("bank", "bank transfer"),
                            ("payme", "Payme"),
                            ("click", "Click"),
                            ("uzum", "Uzum"),
                        ],
                        max_length=8,
                        verbose_name="provider",
                    ),
                ),
                ("external_id", models.CharField(max_length=64, verbose_name="number at the provider")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("overpaid", "paid more than once"),
                            ("disputed", "paid, then reported as not paid"),
                            ("unknown_here", "known to the provider only"),
                            ("unknown_there", "known to us only"),
                            ("amount", "another amount"),
                            ("state", "another state"),
                        ],
                        max_length=16,
                        verbose_name="what differs",
                    ),
                ),
                ("ours", models.CharField(max_length=200, verbose_name="our books")),
                ("theirs", models.CharField(max_length=200, verbose_name="the provider")),
                ("found_at", models.DateTimeField(auto_now_add=True, verbose_name="found at")),
                ("closed_at", models.DateTimeField(null=True, verbose_name="closed at")),
                ("closed_by", models.CharField(blank=True, max_length=254, verbose_name="closed by")),
                ("note", models.CharField(blank=True, max_length=500, verbose_name="note")),
            ],
            options={
                "verbose_name": "discrepancy",
                "verbose_name_plural": "discrepancies",
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="ProviderTransaction",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("op_id", models.UUIDField(default=billing.ids.new_op_id, editable=False, unique=True)),
                (
                    "provider",
                    models.CharField(
                        choices=[
                            ("bank", "bank transfer"),
                            ("payme", "Payme"),
                            ("click", "Click"),
                            ("uzum", "Uzum"),
                        ],
                        max_length=8,
                        verbose_name="provider",
                    ),
                ),
                ("external_id", models.CharField(max_length=64, verbose_name="number at the provider")),
                ("amount_tiyin", models.BigIntegerField(verbose_name="amount, tiyin")),
                (
                    "state",
                    models.SmallIntegerField(
                        choices=[(1, "created"), (2, "paid"), (-1, "cancelled"), (-2, "taken back")],
                        default=1,
                        verbose_name="state",
                    ),
                ),
                ("provider_ms", models.BigIntegerField(verbose_name="the provider's time")),
                ("create_ms", models.BigIntegerField(verbose_name="created")),
                ("perform_ms", models.BigIntegerField(default=0, verbose_name="paid")),
                ("cancel_ms", models.BigIntegerField(default=0, verbose_name="cancelled")),
                ("reason", models.BigIntegerField(null=True, verbose_name="reason")),
                ("fiscal_perform", models.JSONField(null=True, verbose_name="fiscal receipt")),
                ("fiscal_cancel", models.JSONField(null=True, verbose_name="fiscal receipt of the refund")),
                ("extra", models.JSONField(default=dict, verbose_name="as the provider put it")),
                ("dispute_op", models.UUIDField(editable=False, null=True)),
                ("disputed_micros", models.BigIntegerField(default=0, verbose_name="in dispute, micros")),
            ],
            options={
                "verbose_name": "provider transaction",
                "verbose_name_plural": "provider transactions",
                "ordering": ["-id"],
            },
        ),
        migrations.RemoveConstraint(
            model_name="topup",
            name="topup_decided",
        ),
        migrations.RemoveConstraint(
            model_name="topup",
            name="topup_maker_is_not_approver",
        ),
        migrations.AddField(
            model_name="topup",
            name="credited_micros",
            field=models.BigIntegerField(db_default=0, default=0, verbose_name="credited, micros"),
        ),
        migrations.AddField(
            model_name="topup",
            name="expires_at",
            field=models.DateTimeField(null=True, verbose_name="waits until"),
        ),
        migrations.AddField(
            model_name="topup",
            name="provider",
            field=models.CharField(
                choices=[("bank", "bank transfer"), ("payme", "Payme"), ("click", "Click"), ("uzum", "Uzum")],
                default="bank",
                max_length=8,
                verbose_name="paid by",
            ),
        ),
        migrations.AddField(
            model_name="topup",
            name="reversed_micros",
            field=models.BigIntegerField(db_default=0, default=0, verbose_name="taken back, micros"),
        ),
        migrations.AlterField(
            model_name="topup",
            name="reference",
            field=models.CharField(blank=True, max_length=100, verbose_name="bank reference"),
        ),
        migrations.AlterField(
            model_name="topup",
            name="state",
            field=models.CharField(
                choices=[
                    ("pending", "pending"),
                    ("paid", "paid"),
                    ("rejected", "rejected"),
                    ("expired", "expired"),
                    ("cancelled", "cancelled"),
                    ("reversed", "taken back"),
                ],
                default="pending",
                max_length=10,
                verbose_name="state",
            ),
        ),
        # What was approved before was credited as it was asked for. "approved" says who, "paid" says what.
        migrations.RunSQL(
            "UPDATE billing_topup SET state = 'paid', credited_micros = amount_micros WHERE state = 'approved'",
            migrations.RunSQL.noop,
        ),
        AddConstraintNotValid(
            model_name="topup",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("approved_by", None), ("decided_at", None), ("state", "pending")),
                    models.Q(("decided_at__isnull", False), ("state__in", ["expired", "cancelled"])),
                    models.Q(
                        ("decided_at__isnull", False),
                        ("state__in", ["paid", "rejected", "reversed"]),
                        models.Q(
                            models.Q(("provider", "bank"), _negated=True),
                            ("approved_by__isnull", False),
                            _connector="OR",
                        ),
                    ),
                    _connector="OR",
                ),
                name="topup_decided",
            ),
        ),
        AddConstraintNotValid(
            model_name="topup",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "paid"), _negated=True),
                    models.Q(("approved_by", models.F("requested_by")), _negated=True),
                    _connector="OR",
                ),
                name="topup_maker_is_not_approver",
            ),
        ),
        AddConstraintNotValid(
            model_name="topup",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("credited_micros__gt", models.F("reversed_micros")),
                        ("reversed_micros__gte", 0),
                        ("state", "paid"),
                    ),
                    models.Q(
                        ("credited_micros", models.F("reversed_micros")),
                        ("reversed_micros__gt", 0),
                        ("state", "reversed"),
                    ),
                    models.Q(
                        ("credited_micros", 0),
                        ("reversed_micros", 0),
                        ("state__in", ["pending", "rejected", "expired", "cancelled"]),
                    ),
                    _connector="OR",
                ),
                name="topup_credited",
            ),
        ),
        migrations.AddConstraint(
            model_name="discrepancy",
            constraint=models.UniqueConstraint(
                condition=models.Q(("closed_at", None)),
                fields=("provider", "external_id", "kind"),
                name="discrepancy_open_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="discrepancy",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("closed_at", None), ("closed_by", "")),
                    models.Q(("closed_at__isnull", False), models.Q(("closed_by", ""), _negated=True)),
                    _connector="OR",
                ),
                name="discrepancy_closed",
            ),
        ),
        migrations.AddField(
            model_name="providertransaction",
            name="topup",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="payments",
                to="billing.topup",
                verbose_name="top-up",
            ),
        ),
        migrations.AddIndex(
            model_name="providertransaction",
            index=models.Index(fields=["provider", "provider_ms"], name="provider_transaction_time"),
        ),
        migrations.AddIndex(
            model_name="providertransaction",
            index=models.Index(
                condition=models.Q(("state", 1)), fields=["provider_ms"], name="provider_transaction_open"
            ),
        ),
        migrations.AddIndex(
            model_name="providertransaction",
            index=models.Index(
                condition=models.Q(("disputed_micros__gt", 0)),
                fields=["id"],
                name="provider_transaction_argued",
            ),
        ),
        migrations.AddConstraint(
            model_name="providertransaction",
            constraint=models.UniqueConstraint(
                fields=("provider", "external_id"), name="provider_transaction_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="providertransaction",
            constraint=models.UniqueConstraint(
                condition=models.Q(("provider__in", ("payme", "uzum")), ("state__in", [1, 2])),
                fields=("topup",),
                name="one_transaction_at_a_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="providertransaction",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount_tiyin__gt", 0)), name="provider_transaction_amount"
            ),
        ),
        migrations.AddConstraint(
            model_name="providertransaction",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("cancel_ms", 0), ("perform_ms", 0), ("state", 1)),
                    models.Q(("cancel_ms", 0), ("perform_ms__gt", 0), ("state", 2)),
                    models.Q(("cancel_ms__gt", 0), ("perform_ms", 0), ("state", -1)),
                    models.Q(("cancel_ms__gt", 0), ("perform_ms__gt", 0), ("state", -2)),
                    _connector="OR",
                ),
                name="provider_transaction_times",
            ),
        ),
        migrations.AddConstraint(
            model_name="providertransaction",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("disputed_micros", 0),
                    models.Q(("dispute_op__isnull", False), ("disputed_micros__gt", 0), ("state", 2)),
                    _connector="OR",
                ),
                name="provider_transaction_dispute",
            ),
        ),
        migrations.RunSQL(script("payment"), migrations.RunSQL.noop),
    ]
