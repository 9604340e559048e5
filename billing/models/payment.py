"""What payment providers tell us."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from billing.ids import new_op_id
from billing.models.topup import Channel, TopUp

ONE_AT_A_TIME = (Channel.PAYME, Channel.UZUM)  # Click may have several attempts under way for one top-up


class ProviderTransaction(models.Model):
    """One attempt to pay a top-up, under the provider's own id. Times are Unix milliseconds, 0 for not yet.

    Answers to a provider are made from these columns alone, so that a replay says what was said before. Rows
    change under the lock of their top-up.
    """

    class State(models.IntegerChoices):
        CREATED = 1, _("created")
        PERFORMED = 2, _("paid")
        CANCELLED = -1, _("cancelled")
        REVERSED = -2, _("taken back")

    op_id = models.UUIDField(default=new_op_id, unique=True, editable=False)  # of its credit in the ledger
    provider = models.CharField(_("provider"), max_length=8, choices=Channel)
    external_id = models.CharField(_("number at the provider"), max_length=64)
    topup = models.ForeignKey(
        TopUp, on_delete=models.PROTECT, related_name="payments", verbose_name=_("top-up")
    )
    amount_tiyin = models.BigIntegerField(_("amount, tiyin"))
    state = models.SmallIntegerField(_("state"), choices=State, default=State.CREATED)
    provider_ms = models.BigIntegerField(_("the provider's time"))
    create_ms = models.BigIntegerField(_("created"))
    perform_ms = models.BigIntegerField(_("paid"), default=0)
    cancel_ms = models.BigIntegerField(_("cancelled"), default=0)
    reason = models.BigIntegerField(_("reason"), null=True)  # any number, as sent
    fiscal_perform = models.JSONField(_("fiscal receipt"), null=True)
    fiscal_cancel = models.JSONField(_("fiscal receipt of the refund"), null=True)
    # Click has to be asked for the receipt (billing/providers/click_receipts.py): not again before this.
    fiscal_ask_ms = models.BigIntegerField(editable=False, default=0, db_default=0)
    extra = models.JSONField(_("as the provider put it"), default=dict)
    # Money that waits in the ledger's `disputed` account: the provider says both paid and not paid.
    dispute_op = models.UUIDField(null=True, editable=False)
    disputed_micros = models.BigIntegerField(_("in dispute, micros"), default=0)
    # Above a limit a dispute takes two: the first one's word waits here, the second one's settles.
    first_word_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        editable=False,
        db_index=False,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("first word by"),
    )
    first_word_arrived = models.BooleanField(_("first word: it arrived"), null=True, editable=False)
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        editable=False,
        db_index=False,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("dispute settled by"),
    )

    class Meta:
        ordering: ClassVar[list[str]] = ["-id"]
        verbose_name = _("provider transaction")
        verbose_name_plural = _("provider transactions")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["provider", "external_id"], name="provider_transaction_once"),
            models.UniqueConstraint(
                fields=["topup"],
                name="one_transaction_at_a_time",
                condition=Q(state__in=[1, 2], provider__in=ONE_AT_A_TIME),
            ),
            models.CheckConstraint(name="provider_transaction_amount", condition=Q(amount_tiyin__gt=0)),
            models.CheckConstraint(
                name="provider_transaction_times",
                condition=Q(state=1, perform_ms=0, cancel_ms=0)
                | Q(state=2, perform_ms__gt=0, cancel_ms=0)
                | Q(state=-1, perform_ms=0, cancel_ms__gt=0)
                | Q(state=-2, perform_ms__gt=0, cancel_ms__gt=0),
            ),
            models.CheckConstraint(
                name="provider_transaction_dispute",
                condition=Q(disputed_micros=0) | Q(disputed_micros__gt=0, dispute_op__isnull=False, state=2),
            ),
            models.CheckConstraint(
                name="provider_transaction_first_word",
                condition=Q(first_word_by=None, first_word_arrived=None)
                | Q(first_word_by__isnull=False, first_word_arrived__isnull=False),
            ),
            models.CheckConstraint(
                name="provider_transaction_two_settle",
                condition=Q(settled_by=None) | Q(first_word_by=None) | ~Q(settled_by=F("first_word_by")),
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["provider", "provider_ms"], name="provider_transaction_time"),
            models.Index(fields=["provider_ms"], name="provider_transaction_open", condition=Q(state=1)),
            models.Index(
                fields=["perform_ms"],
                name="provider_transaction_receipts",
                condition=Q(provider=Channel.CLICK, state=2, fiscal_perform__isnull=True),
            ),
            models.Index(
                fields=["id"], name="provider_transaction_argued", condition=Q(disputed_micros__gt=0)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_provider_display()} {self.external_id}"


class ExternalMessage(models.Model):
    """A provider's request as it came and what we answered, once each, without credentials.

    Only added; partitioned by month, so that old months go as whole tables (docs/payments.md). What fails to
    prove who sent it is not kept.
    """

    id = models.UUIDField(primary_key=True)
    source = models.TextField(_("provider"))
    method = models.TextField(_("method"))
    external_id = models.TextField(_("number at the provider"))
    body = models.BinaryField()
    answer = models.BinaryField()
    status = models.SmallIntegerField()
    remote = models.TextField(_("address"))
    at = models.DateTimeField(_("time"))

    class Meta:
        managed = False
        db_table = "external_message"
        ordering: ClassVar[list[str]] = ["-id"]
        verbose_name = _("provider's message")
        verbose_name_plural = _("providers' messages")

    def __str__(self) -> str:
        return f"{self.source} {self.method} {self.external_id}"


class Discrepancy(models.Model):
    """Where a provider's word and our books differ, until an operator has looked. Found once each."""

    class Kind(models.TextChoices):
        OVERPAID = "overpaid", _("paid more than once")
        DISPUTED = "disputed", _("paid, then reported as not paid")
        UNKNOWN_HERE = "unknown_here", _("known to the provider only")
        UNKNOWN_THERE = "unknown_there", _("known to us only")
        AMOUNT = "amount", _("another amount")
        STATE = "state", _("another state")
        BALANCE = "balance", _("another balance")  # of a card of ours at a day's end

    provider = models.CharField(_("provider"), max_length=8, choices=Channel)
    external_id = models.CharField(_("number at the provider"), max_length=64)
    kind = models.CharField(_("what differs"), max_length=16, choices=Kind)
    ours = models.CharField(_("our books"), max_length=200)
    theirs = models.CharField(_("the provider"), max_length=200)
    found_at = models.DateTimeField(_("found at"), auto_now_add=True)
    closed_at = models.DateTimeField(_("closed at"), null=True)
    closed_by = models.CharField(_("closed by"), max_length=254, blank=True)
    note = models.CharField(_("note"), max_length=500, blank=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["-id"]
        verbose_name = _("discrepancy")
        verbose_name_plural = _("discrepancies")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["provider", "external_id", "kind"],
                name="discrepancy_open_once",
                condition=Q(closed_at=None),
            ),
            models.CheckConstraint(
                name="discrepancy_closed",
                condition=Q(closed_at=None, closed_by="") | Q(closed_at__isnull=False) & ~Q(closed_by=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_provider_display()} {self.external_id}: {self.get_kind_display()}"
