"""An organization's first top-up is small: money of a stolen card comes once, in one large piece.

Until something of it was credited, all that is asked for together stays within FIRST_TOPUP_MAX_UZS. Payment
orders of legal entities are free of it, as their bank says who paid; so is everybody where it is 0.
"""

from django.conf import settings
from django.db.models import Sum

from accounts.models import BillingDetails, Organization
from billing.errors import FirstTopUpLimit
from billing.models import TopUp
from billing.money import MICROS_PER_UZS


def first_limit(org_id: int) -> int | None:
    """The most that may come until a first top-up was credited, in micros; None where no limit holds."""
    limit = settings.FIRST_TOPUP_MAX_UZS * MICROS_PER_UZS
    if not limit or TopUp.objects.filter(org=org_id, credited_micros__gt=0).exists():
        return None
    return limit


def is_companys(org_id: int) -> bool:
    """Whether the organization says that it is a legal entity with a STIR: its payment orders bear it."""
    held = BillingDetails.objects.filter(organization=org_id, is_legal_entity=True)
    return held.exclude(stir="").exists()


def check_first(org_id: int, asked_micros: int) -> None:
    """Raises FirstTopUpLimit if this and what else is open would be too much for a first top-up.

    Inside a transaction: of two requests at once, the second counts the first one.
    """
    Organization.objects.select_for_update(no_key=True).get(pk=org_id)
    limit = first_limit(org_id)
    if limit is None:
        return
    pending = TopUp.objects.filter(org=org_id, state=TopUp.State.PENDING)
    waiting = pending.aggregate(sum=Sum("amount_micros"))["sum"] or 0
    if asked_micros + waiting > limit:
        raise FirstTopUpLimit(limit, waiting)
