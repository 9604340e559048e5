"""Bank transfers to our cards: where they go, what arrives, what customers show of it, who decides."""

import uuid

import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models


class Migration(migrations.Migration):
    """Locks: top-ups are a table of some rows a day; the unique index over its pending ones takes a moment."""

    dependencies = [
        ("accounts", "0005_projects_rescue"),
        ("billing", "0012_notices"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ReceivingCard",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number_sealed", models.BinaryField()),
                ("first6", models.CharField(editable=False, max_length=6)),
                ("last4", models.CharField(editable=False, max_length=4)),
                ("holder", models.CharField(max_length=100, verbose_name="holder")),
                ("bank", models.CharField(max_length=100, verbose_name="bank")),
                (
                    "daily_limit_micros",
                    models.BigIntegerField(
                        blank=True,
                        null=True,
                        validators=[django.core.validators.MinValueValidator(0)],
                        verbose_name="daily limit, micros",
                    ),
                ),
                ("active", models.BooleanField(default=True, verbose_name="takes new transfers")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="added at")),
            ],
            options={
                "verbose_name": "receiving card",
                "verbose_name_plural": "receiving cards",
                "ordering": ["-active", "id"],
            },
        ),
        migrations.CreateModel(
            name="TopUpDecision",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "action",
                    models.CharField(
                        choices=[
                            ("first", "first approval"),
                            ("approve", "approved"),
                            ("reject", "rejected"),
                        ],
                        max_length=7,
                        verbose_name="what",
                    ),
                ),
                ("before", models.JSONField(verbose_name="before")),
                ("after", models.JSONField(verbose_name="after")),
                ("reason", models.CharField(blank=True, max_length=500, verbose_name="reason")),
                ("at", models.DateTimeField(auto_now_add=True, verbose_name="time")),
            ],
            options={
                "verbose_name": "decision on a top-up",
                "verbose_name_plural": "decisions on top-ups",
                "ordering": ["id"],
            },
        ),
        migrations.AddField(
            model_name="topup",
            name="first_approved_at",
            field=models.DateTimeField(null=True, verbose_name="first approval at"),
        ),
        migrations.AddField(
            model_name="topup",
            name="first_approved_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="first approval by",
            ),
        ),
        migrations.AddField(
            model_name="topup",
            name="refusal",
            field=models.CharField(
                blank=True,
                choices=[
                    ("not_arrived", "The transfer has not arrived."),
                    ("wrong_card", "The transfer went to another card."),
                    ("no_receipt", "The receipt can't be read or shows another transfer."),
                    ("used", "This transfer was credited before."),
                    ("doubtful", "The receipt doesn't agree with our bank's statement."),
                    ("other", "Another reason."),
                ],
                db_default="",
                max_length=12,
                verbose_name="why rejected",
            ),
        ),
        migrations.CreateModel(
            name="Receipt",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("kind", models.CharField(choices=[("jpeg", "JPEG"), ("pdf", "PDF")], max_length=4)),
                ("size", models.IntegerField(verbose_name="bytes")),
                ("sha256", models.BinaryField(max_length=32)),
                ("dhash", models.BigIntegerField(null=True)),
                ("cheque_no", models.CharField(blank=True, max_length=64, verbose_name="cheque number")),
                (
                    "sender_last4",
                    models.CharField(blank=True, max_length=4, verbose_name="sender's card ends in"),
                ),
                ("uploaded_at", models.DateTimeField(auto_now_add=True, verbose_name="uploaded at")),
                ("removed_at", models.DateTimeField(null=True, verbose_name="file deleted at")),
                (
                    "same_cheque",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reuses",
                        to="billing.receipt",
                    ),
                ),
                (
                    "same_file",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="copies",
                        to="billing.receipt",
                    ),
                ),
                (
                    "same_look",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="lookalikes",
                        to="billing.receipt",
                    ),
                ),
                (
                    "topup",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="receipts",
                        to="billing.topup",
                        verbose_name="top-up",
                    ),
                ),
                (
                    "uploaded_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="uploaded by",
                    ),
                ),
            ],
            options={
                "verbose_name": "receipt of a transfer",
                "verbose_name_plural": "receipts of transfers",
                "ordering": ["id"],
            },
        ),
        migrations.CreateModel(
            name="IncomingTransfer",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("amount_micros", models.BigIntegerField(verbose_name="amount, micros")),
                ("at", models.DateTimeField(verbose_name="minute of arrival")),
                (
                    "balance_after_micros",
                    models.BigIntegerField(blank=True, null=True, verbose_name="balance after it, micros"),
                ),
                ("details", models.CharField(blank=True, max_length=200, verbose_name="details")),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("manual", "entered by hand"),
                            ("statement", "bank statement"),
                            ("message", "bank's message"),
                        ],
                        max_length=9,
                        verbose_name="known from",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="entered at")),
                (
                    "entered_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="entered by",
                    ),
                ),
                (
                    "topup",
                    models.OneToOneField(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="incoming",
                        to="billing.topup",
                        verbose_name="top-up",
                    ),
                ),
                (
                    "card",
                    models.ForeignKey(
                        blank=True,
                        help_text="empty: the company's account",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="incoming",
                        to="billing.receivingcard",
                        verbose_name="card",
                    ),
                ),
            ],
            options={
                "verbose_name": "incoming transfer",
                "verbose_name_plural": "incoming transfers",
                "ordering": ["-at", "-id"],
            },
        ),
        migrations.AddField(
            model_name="topup",
            name="card",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="topups",
                to="billing.receivingcard",
                verbose_name="card",
            ),
        ),
        migrations.AddConstraint(
            model_name="topup",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "pending")),
                fields=("card", "amount_micros"),
                name="topup_amount_of_card",
            ),
        ),
        AddConstraintNotValid(
            model_name="topup",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "paid"), _negated=True),
                    models.Q(("first_approved_by", models.F("approved_by")), _negated=True),
                    _connector="OR",
                ),
                name="topup_two_approvers",
            ),
        ),
        migrations.AddField(
            model_name="topupdecision",
            name="operator",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="operator",
            ),
        ),
        migrations.AddField(
            model_name="topupdecision",
            name="topup",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="decisions", to="billing.topup"
            ),
        ),
        migrations.AddConstraint(
            model_name="receipt",
            constraint=models.UniqueConstraint(
                condition=models.Q(("same_file", None)), fields=("sha256",), name="receipt_file_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="receipt",
            constraint=models.UniqueConstraint(
                condition=models.Q(("same_cheque", None), models.Q(("cheque_no", ""), _negated=True)),
                fields=("cheque_no",),
                name="receipt_cheque_once",
            ),
        ),
        migrations.AddIndex(
            model_name="incomingtransfer",
            index=models.Index(
                condition=models.Q(("topup", None)), fields=["amount_micros", "at"], name="incoming_free"
            ),
        ),
        migrations.AddConstraint(
            model_name="incomingtransfer",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount_micros__gt", 0)), name="incoming_amount"
            ),
        ),
        migrations.AddConstraint(
            model_name="incomingtransfer",
            constraint=models.UniqueConstraint(
                fields=("card", "amount_micros", "at", "balance_after_micros"),
                name="incoming_once",
                nulls_distinct=False,
            ),
        ),
        migrations.RunSQL("SELECT make_append_only('billing_topupdecision')", migrations.RunSQL.noop),
    ]
