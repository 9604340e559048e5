"""The first steps of a new organization, ticked from what is really there."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from allauth.account.models import EmailAddress
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.access import Caller, reachable_keys
from accounts.roles import Power
from billing import caps
from billing.models import Wallet
from dashboard.budgets import KEY_SCOPES, PROJECT_SCOPES
from dashboard.models import Dismissal

FIRST_STEPS: Final = "first_steps"


@dataclass(frozen=True, slots=True)
class Step:
    """One of them, and the page where it is made."""

    name: str
    label: Promise
    hint: Promise
    url: str
    done: bool


_POWERS: Final = {"key": Power.KEYS, "call": Power.CALL, "topup": Power.PAY, "budget": Power.BUDGETS}
_WORDS: Final[Mapping[str, tuple[str, Promise, Promise]]] = {
    "email": (
        "account_email",
        _("Confirm your address"),
        _("It gives you free requests every day."),
    ),
    "key": ("keys", _("Create a key"), _("Your programs call with it; Studio needs none.")),
    "call": ("studio", _("Make a call"), _("In Studio it takes no code; free models need no money.")),
    "topup": ("billing", _("Top up"), _("For models that aren't free.")),
    "budget": ("budgets", _("Set a budget"), _("A project or key never spends more than its cap.")),
}


def steps(caller: Caller, purse: Wallet, *, called: bool) -> list[Step]:
    """All that this person's role can make. called: whether the organization has made a call."""
    done = {
        "email": EmailAddress.objects.filter(user=caller.user, verified=True).exists(),
        "key": reachable_keys(caller).exists(),
        "call": called,
        "topup": purse.topped_up_at is not None or purse.paid_micros > 0,
        "budget": _capped(caller),
    }
    return [
        Step(name, label, hint, reverse(page), done[name])
        for name, (page, label, hint) in _WORDS.items()
        if name not in _POWERS or caller.may(_POWERS[name])
    ]


def dismissed(caller: Caller) -> bool:
    """Whether the person has put the steps of this organization away."""
    return _own(caller).exists()


def dismiss(caller: Caller) -> None:
    """Put them away; harmless twice."""
    Dismissal.objects.get_or_create(organization=caller.organization, user=caller.user, what=FIRST_STEPS)


def restore(caller: Caller) -> None:
    """Show them again."""
    _own(caller).delete()


def _own(caller: Caller) -> QuerySet[Dismissal]:
    return Dismissal.objects.filter(organization=caller.organization, user=caller.user, what=FIRST_STEPS)


def _capped(caller: Caller) -> bool:
    """Whether any project or key has a limit."""
    projects = [project.pk for project in caller.projects()]
    keys = list(reachable_keys(caller).filter(revoked_at=None).values_list("pk", flat=True))
    return bool(caps.limits(PROJECT_SCOPES.values(), projects) or caps.limits(KEY_SCOPES.values(), keys))
