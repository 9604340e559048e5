"""What an organization's people have to do something about, read from what is the case now."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from accounts.access import Caller, reachable_keys
from accounts.models import ApiKey, Project
from billing.models import BalanceWatch, Channel, TopUp, Wallet
from billing.notices.watch import threshold_of
from dashboard.budgets import Budget
from dashboard.templatetags.money import uzs

SOON: Final = timedelta(days=7)  # a key that expires within it is worth a word
SHOWN_MAX: Final = 3  # of one kind


@dataclass(frozen=True, slots=True)
class Matter:
    """One thing. level: error where calls are refused, else warning or '' for what only waits."""

    level: str
    text: str
    url: str
    action: str


def matters(
    caller: Caller, purse: Wallet, capped: Sequence[tuple[Project, Sequence[Budget]]]
) -> list[Matter]:
    """What stops calls first. capped: projects with their limited budgets."""
    found = [*_stopped(caller), *_money(caller, purse), *_caps(capped), *_keys(caller), *_topups(caller)]
    return sorted(found, key=lambda matter: matter.level != "error")


def _stopped(caller: Caller) -> Iterator[Matter]:
    if caller.organization.suspended_at is not None:
        text = _("This organization is suspended: all its calls are refused.")
        yield Matter("error", text, reverse("contact"), _("Write to us"))


def _money(caller: Caller, purse: Wallet) -> Iterator[Matter]:
    """Nothing of who has never had money: the first steps tell them."""
    if purse.topped_up_at is None:
        return
    watch = BalanceWatch.objects.filter(org=caller.organization).first()
    if purse.balance_micros <= 0:
        text = _("The balance is used up: only free requests are answered.")
        yield Matter("error", text, reverse("billing"), _("Top up"))
    elif purse.balance_micros < threshold_of(watch):
        text = _("The balance is low: %(amount)s.") % {"amount": uzs(purse.balance_micros)}
        yield Matter("warning", text, reverse("billing"), _("Top up"))


def _caps(capped: Sequence[tuple[Project, Sequence[Budget]]]) -> Iterator[Matter]:
    full = [project for project, budgets in capped if any(budget.used_up for budget in budgets)]
    for project in full[:SHOWN_MAX]:
        text = _("The project “%(name)s” has used up its cap: its calls are refused.")
        yield Matter("error", text % {"name": project.name}, reverse("budgets"), _("Budgets"))


def _keys(caller: Caller) -> Iterator[Matter]:
    now = timezone.now()
    ending = Q(expires_at__gt=now - SOON, expires_at__lt=now + SOON)
    rows = reachable_keys(caller).filter(ending, revoked_at=None).order_by("expires_at")
    for key in rows[:SHOWN_MAX]:
        yield Matter("warning", _expiry(key), reverse("keys"), _("Keys"))


def _expiry(key: ApiKey) -> str:
    assert key.expires_at is not None
    day = date_format(localtime(key.expires_at), "SHORT_DATETIME_FORMAT")
    if key.state == "expired":
        return _("The key “%(name)s” has expired: its calls are refused.") % {"name": key.name}
    return _("The key “%(name)s” expires on %(day)s.") % {"name": key.name, "day": day}


def _topups(caller: Caller) -> Iterator[Matter]:
    """Those that wait for the customer: unpaid at a provider, or without a receipt of the transfer."""
    waiting = TopUp.objects.filter(
        ~Q(provider=Channel.BANK) | Q(card__isnull=False, receipts=None),
        org=caller.organization,
        state=TopUp.State.PENDING,
        expires_at__gt=timezone.now(),
    )
    for topup in waiting[:SHOWN_MAX]:
        text = _("Top-up № %(number)s of %(amount)s is waiting for your payment.")
        said = text % {"number": topup.pk, "amount": uzs(topup.amount_micros)}
        yield Matter("", said, reverse("topup", args=[topup.pk]), pgettext("deed", "Open"))
