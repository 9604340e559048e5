"""Paying a top-up at a provider's page. The wallet moves by the provider's word alone."""

from collections.abc import Sequence
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.access import Caller
from accounts.models import Organization
from billing.first_topup import check_first
from billing.models import Channel, ProviderTransaction, TopUp
from dashboard.topups import PENDING_MAX, TooManyTopUps


def begin(caller: Caller, channel: Channel, amount_micros: int) -> TopUp:
    """A top-up that the provider may be paid for from now on, for PAYMENT_LIFE_H.

    Raises TooManyTopUps, FirstTopUpLimit.
    """
    assert caller.user is not None
    with transaction.atomic():
        # One after the other, so that two requests at once don't both count the same rows.
        Organization.objects.select_for_update(no_key=True).get(pk=caller.organization.pk)
        waiting = TopUp.objects.filter(org=caller.organization, state=TopUp.State.PENDING)
        if waiting.exclude(provider=Channel.BANK).count() >= PENDING_MAX:
            raise TooManyTopUps
        check_first(caller.organization.pk, amount_micros)
        return TopUp.objects.create(
            provider=channel,
            org=caller.organization,
            requested_by=caller.user,
            amount_micros=amount_micros,
            expires_at=timezone.now() + timedelta(hours=settings.PAYMENT_LIFE_H),
        )


def find(organization: Organization, number: int) -> TopUp | None:
    """The organization's own top-up of this number."""
    return TopUp.objects.filter(org=organization, pk=number).first()


def attempts(topup: TopUp) -> Sequence[ProviderTransaction]:
    """What the provider said about it, newest first."""
    return list(topup.payments.all()[:20])
