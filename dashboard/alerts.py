"""Price alerts: told once per fall below a person's limit, armed again when the price has risen to it.

Prices are micros per 10^6 output tokens, as a call would pay now.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Final

from django.db import transaction
from django.db.models import Exists, F, OuterRef, QuerySet
from django.utils import timezone

from accounts.access import Caller
from accounts.models import Membership, User
from billing.models import NoticeKind
from billing.notices import outbox
from dashboard.models import PriceAlert
from proxy.price_history import cheapest, rate_of, rates_now
from routing.energy.costs import costs_now
from routing.models import Model

ALERTS_MAX: Final = 20  # of one person in one organization
PAUSE: Final = timedelta(hours=1)  # at least, between two messages of one alert


class TooManyAlerts(Exception):
    """This person has as many alerts as anybody may have."""


class AlreadyBelow(Exception):
    """The price is under the limit now: there is nothing to wait for."""


def alerts_of(caller: Caller) -> QuerySet[PriceAlert]:
    """The caller's own in this organization; colleagues' are theirs."""
    own = PriceAlert.objects.filter(organization=caller.organization, user=caller.user)
    return own.select_related("model")


@transaction.atomic
def set_alert(caller: Caller, slug: str, below_micros: int) -> PriceAlert:
    """Tell the caller when this hosted model costs less. Raises TooManyAlerts, AlreadyBelow, or
    Model.DoesNotExist for what no site of ours hosts; ApiError 503 while no exchange rate is in force."""
    assert caller.user is not None
    price = prices([slug]).get(slug)
    if slug not in {row.model for row in costs_now([slug])}:
        raise Model.DoesNotExist
    if price is not None and price < below_micros:
        raise AlreadyBelow
    User.objects.select_for_update().get(pk=caller.user.pk)  # two forms at once count each other
    own = alerts_of(caller)
    if not own.filter(model__slug=slug).exists() and own.count() >= ALERTS_MAX:
        raise TooManyAlerts
    alert, _ = PriceAlert.objects.update_or_create(
        organization=caller.organization,
        user=caller.user,
        model=Model.objects.get(slug=slug),
        defaults={"below_micros": below_micros, "armed": True},
    )
    return alert


def prices(slugs: Sequence[str]) -> dict[str, int]:
    """What each model's output costs now; those are left out of which no site is open."""
    rows = costs_now(slugs)
    if not rows:
        return {}
    rate = rate_of(rates_now())
    found = {slug: cheapest([row for row in rows if row.model == slug]) for slug in slugs}
    return {slug: rate.price(best.output) for slug, best in found.items() if best is not None}


def look() -> int:
    """Tells of the prices that have fallen and arms what has risen; how many messages that made."""
    member = Membership.objects.filter(organization=OuterRef("organization"), user=OuterRef("user"))
    alerts = list(
        PriceAlert.objects.filter(Exists(member), user__is_active=True).select_related("model", "user")
    )
    now = prices(sorted({alert.model.slug for alert in alerts}))
    _arm(alert for alert in alerts if not alert.armed and now.get(alert.model.slug, 0) >= alert.below_micros)
    fallen = [
        (alert, now[alert.model.slug])
        for alert in alerts
        if alert.armed and now.get(alert.model.slug, alert.below_micros) < alert.below_micros
    ]
    return sum(_tell(alert, price) for alert, price in fallen)


def _arm(alerts: Iterable[PriceAlert]) -> None:
    PriceAlert.objects.filter(pk__in=[alert.pk for alert in alerts]).update(armed=True)


@transaction.atomic
def _tell(alert: PriceAlert, price: int) -> bool:
    """Once per fall, by whichever worker disarms it; one that was told of lately waits."""
    moment = timezone.now()
    if alert.told_at is not None and moment - alert.told_at < PAUSE:
        return False
    armed = PriceAlert.objects.filter(pk=alert.pk, armed=True, below_micros=alert.below_micros)
    if armed.update(armed=False, told_at=moment, times_told=F("times_told") + 1) != 1:
        return False
    facts = {"model": alert.model.name, "price_micros": price, "below_micros": alert.below_micros}
    key = f"{alert.pk}:{alert.times_told + 1}"
    return outbox.tell_one(alert.organization_id, alert.user, NoticeKind.PRICE, key, facts)
