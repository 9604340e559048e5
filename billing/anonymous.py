"""What the platform gives to callers without a key: promo money for their organization, capped by the day.

The cap is the platform's (caps.Scope.PLATFORM_DAY); the wallet never holds more than a day of it.
"""

from django.db import connection

from accounts.models import ANONYMOUS, Organization
from billing.caps import Scope, set_cap
from billing.ledger import balance, credit_promo
from billing.money import MICROS_PER_UZS


def fund(daily_uzs: int) -> int:
    """Sets the cap and fills the wallet up to it, once a Tashkent day; the micros that were added.

    Zero leaves cap and wallet as they are: then the gateway lets nobody in. Raises AmountRefused.
    """
    if daily_uzs == 0:
        return 0
    limit = daily_uzs * MICROS_PER_UZS
    set_cap(Scope.PLATFORM_DAY, 0, limit)
    organization = Organization.objects.get(slug=ANONYMOUS)
    missing = limit - balance(organization.pk).total
    if missing <= 0:
        return 0
    once = f"{_today()}:{limit}"
    given = credit_promo(
        organization.pk, missing, reason="anonymous callers", source="anonymous", external_id=once
    )
    return missing if given else 0


def _today() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT billing_today()::text")
        return str(cursor.fetchone()[0])
