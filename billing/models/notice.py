"""What customers are told, whom, by which way, and who wants it."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class NoticeKind(models.TextChoices):
    CAP = "cap", _("A cap is used up to 50, 80 or 100%")
    BALANCE = "balance", _("The balance is low")
    TOPUP = "topup", _("A top-up is decided")
    REFUND = "refund", _("A refund or correction is decided")
    PRICE = "price", _("A model's price is below your limit")
    ACCOUNT = "account", _("Your data is ready, or a member has left")
    TEST = "test", _("Test message")


class Medium(models.TextChoices):
    EMAIL = "email", _("E-mail")
    TELEGRAM = "telegram", "Telegram"


class Notice(models.Model):
    """Something an organization is told, once for each key. Made in billing/notices only.

    facts: plain values of that moment, for the text; micros for money.
    """

    org = models.ForeignKey(
        "accounts.Organization", models.PROTECT, related_name="+", verbose_name=_("organization")
    )
    kind = models.CharField(_("kind"), max_length=10, choices=NoticeKind)
    dedupe_key = models.CharField(_("told once for"), max_length=120, editable=False)
    facts = models.JSONField(_("facts"), default=dict)
    created_at = models.DateTimeField(_("created"), default=timezone.now)

    class Meta:
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        ordering: ClassVar[list[str]] = ["-id"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["org", "kind", "dedupe_key"], name="notice_once"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.dedupe_key}"


class Delivery(models.Model):
    """A notice on its way to one person by one channel. A worker that takes it moves `due_at` on first, so
    that no other one takes it too, and a worker that dies loses nothing."""

    class Outcome(models.TextChoices):
        WAITING = "waiting", _("waiting")
        SENT = "sent", _("sent")
        REFUSED = "refused", _("refused")  # by the channel, for good
        GIVEN_UP = "given_up", _("given up")

    notice = models.ForeignKey(Notice, models.CASCADE, related_name="deliveries")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("user")
    )
    channel = models.CharField(_("channel"), max_length=10, choices=Medium)
    outcome = models.CharField(_("outcome"), max_length=10, choices=Outcome, default=Outcome.WAITING)
    due_at = models.DateTimeField(_("due"), default=timezone.now)
    tries = models.PositiveSmallIntegerField(_("tries"), default=0)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["notice", "user", "channel"], name="delivery_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["due_at"], condition=Q(outcome="waiting"), name="delivery_waiting"),
        ]

    def __str__(self) -> str:
        return f"{self.get_channel_display()}: {self.get_outcome_display()}"


class NoticeChoice(models.Model):
    """A person's word on one kind and channel; without one, who answers for the money is told."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    kind = models.CharField(max_length=10, choices=NoticeKind)
    channel = models.CharField(max_length=10, choices=Medium)
    wanted = models.BooleanField()

    class Meta:
        verbose_name = _("notification choice")
        verbose_name_plural = _("notification choices")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["user", "kind", "channel"], name="noticechoice_once"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.channel} {self.wanted}"


class BalanceWatch(models.Model):
    """When an organization's balance counts as low. `armed`: it was not low since the last message.

    threshold_micros: null is the platform's own, 0 is never.
    """

    org = models.OneToOneField("accounts.Organization", models.PROTECT, primary_key=True, related_name="+")
    threshold_micros = models.BigIntegerField(null=True)
    armed = models.BooleanField(default=False)
    times_told = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("balance watch")
        verbose_name_plural = _("balance watches")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(threshold_micros__gte=0), name="balancewatch_threshold"),
        ]

    def __str__(self) -> str:
        return f"{self.org_id} {self.threshold_micros}"
