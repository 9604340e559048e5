"""Money as the control plane sees it.

The law of this app:
- The unit is the micro, 10⁻⁶ UZS: integers only.
- One Transfer carries both legs, so the books sum to zero by their shape. Transfers, rates and markups are
  only added; the database refuses UPDATE, DELETE and TRUNCATE. A correction is a new transfer.
- Wallets, holds, cap use and free units change only inside the SQL functions of billing/sql, which the
  migrations load; every table here but TopUp is made there, so those models are unmanaged.
- Holds and transfers are partitioned by their UUIDv7; no foreign key leads to or from them.
- A wallet row is made by its first credit; an absent one is zero. Never negative.
"""

from typing import ClassVar

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from billing.ids import Kind, new_op_id
from billing.money import MICROS_PER_UZS

TOPUP_MICROS_MIN = 1_000 * MICROS_PER_UZS
TOPUP_MICROS_MAX = 100_000_000 * MICROS_PER_UZS


class Wallet(models.Model):
    """What an organization owns; held is what calls under way may cost at worst."""

    org_id = models.BigIntegerField(primary_key=True)
    paid_micros = models.BigIntegerField()
    bonus_micros = models.BigIntegerField()
    held_micros = models.BigIntegerField()
    topped_up_at = models.DateTimeField(null=True)

    class Meta:
        managed = False
        db_table = "wallet"
        verbose_name = _("wallet")
        verbose_name_plural = _("wallets")

    def __str__(self) -> str:
        return f"wallet {self.org_id}"

    @property
    def balance_micros(self) -> int:
        return self.paid_micros + self.bonus_micros

    @property
    def available_micros(self) -> int:
        return self.balance_micros - self.held_micros


class LedgerAccount(models.Model):
    """A system account. Wallets' accounts are numbers above 2³², see ledger.sql."""

    id = models.BigIntegerField(primary_key=True)
    code = models.TextField(unique=True)

    class Meta:
        managed = False
        db_table = "ledger_account"
        verbose_name = _("ledger account")
        verbose_name_plural = _("ledger accounts")

    def __str__(self) -> str:
        return self.code


class Transfer(models.Model):
    """One movement of money, from debit to credit."""

    id = models.UUIDField(primary_key=True)
    kind = models.SmallIntegerField(choices=[(kind.value, kind.name.lower()) for kind in Kind])
    debit = models.BigIntegerField()
    credit = models.BigIntegerField()
    amount_micros = models.BigIntegerField()
    meta = models.JSONField(null=True)
    at = models.DateTimeField()

    class Meta:
        managed = False
        db_table = "transfer"
        ordering: ClassVar[list[str]] = ["-id"]
        verbose_name = _("transfer")
        verbose_name_plural = _("transfers")

    def __str__(self) -> str:
        return str(self.id)


class Hold(models.Model):
    """Worst-case money of one call."""

    class State(models.IntegerChoices):
        OPEN = 0, _("open")
        CAPTURED = 1, _("captured")
        RELEASED = 2, _("released")
        LATE_CAPTURED = 3, _("captured late")

    id = models.UUIDField(primary_key=True)
    org = models.BigIntegerField()
    project = models.BigIntegerField()
    key = models.BigIntegerField()
    amount_micros = models.BigIntegerField()
    granted_output = models.BigIntegerField()
    free = models.BooleanField()
    builtin = models.BooleanField()
    state = models.SmallIntegerField(choices=State)
    charged_micros = models.BigIntegerField()
    owner = models.BigIntegerField()
    day = models.DateField()
    quote = models.JSONField(null=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        managed = False
        db_table = "hold"
        ordering: ClassVar[list[str]] = ["-id"]
        verbose_name = _("hold")
        verbose_name_plural = _("holds")

    def __str__(self) -> str:
        return str(self.id)


class FxRate(models.Model):
    """The price of one dollar in micros, from a Tashkent date on. Add-only."""

    class Source(models.TextChoices):
        CBU = "cbu", _("Central Bank")
        MANUAL = "manual", _("manual")

    id = models.AutoField(primary_key=True)
    source = models.TextField(choices=Source)
    date = models.DateField(_("in force from"))
    micros_per_usd = models.BigIntegerField()
    author = models.TextField()
    reason = models.TextField(blank=True)
    created_at = models.DateTimeField()

    class Meta:
        managed = False
        db_table = "fx_rate"
        ordering: ClassVar[list[str]] = ["-date", "-id"]
        verbose_name = _("exchange rate")
        verbose_name_plural = _("exchange rates")

    def __str__(self) -> str:
        return f"{self.date} {self.micros_per_usd}"


class Markup(models.Model):
    """What we add to a provider's price, in basis points by kind. Add-only; the newest of a kind counts."""

    id = models.AutoField(primary_key=True)
    kind = models.TextField()
    bps = models.IntegerField(
        _("basis points"), validators=[MinValueValidator(0), MaxValueValidator(100_000)]
    )
    author = models.TextField()
    reason = models.TextField(blank=True)
    created_at = models.DateTimeField()

    class Meta:
        managed = False
        db_table = "markup"
        ordering: ClassVar[list[str]] = ["-id"]
        verbose_name = _("markup")
        verbose_name_plural = _("markups")

    def __str__(self) -> str:
        return f"{self.kind} {self.bps} bps"


class TopUp(models.Model):
    """A customer's word that a bank transfer is under way; the wallet moves when an operator has seen it."""

    class State(models.TextChoices):
        PENDING = "pending", _("pending")
        APPROVED = "approved", _("approved")
        REJECTED = "rejected", _("rejected")

    op_id = models.UUIDField(default=new_op_id, unique=True, editable=False)
    org = models.ForeignKey(
        "accounts.Organization",
        on_delete=models.PROTECT,
        related_name="topups",
        verbose_name=_("organization"),
    )
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("requested by")
    )
    amount_micros = models.BigIntegerField(_("amount, micros"))
    reference = models.CharField(_("bank reference"), max_length=100)
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.PENDING)
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("decided by"),
    )
    decided_at = models.DateTimeField(_("decided at"), null=True)
    created_at = models.DateTimeField(_("filed at"), auto_now_add=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["-created_at", "-id"]
        verbose_name = _("top-up")
        verbose_name_plural = _("top-ups")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                name="topup_amount",
                condition=Q(amount_micros__gte=TOPUP_MICROS_MIN, amount_micros__lte=TOPUP_MICROS_MAX),
            ),
            models.CheckConstraint(
                name="topup_decided",
                condition=Q(state="pending", decided_at=None, approved_by=None)
                | Q(state__in=["approved", "rejected"], decided_at__isnull=False, approved_by__isnull=False),
            ),
            models.CheckConstraint(
                name="topup_maker_is_not_approver",
                condition=~Q(state="approved") | ~Q(approved_by=F("requested_by")),
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["org", "-id"], name="topup_org")]

    def __str__(self) -> str:
        return f"{self.reference} {self.get_state_display()}"
