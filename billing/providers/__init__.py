"""Ways to pay: which of them are open, and where a payer is sent."""

from dataclasses import dataclass

from django.conf import settings

from billing.models import Channel, TopUp
from billing.payments import tiyin
from billing.providers.click import Button, button_url
from billing.providers.payme import Checkout, checkout_url


@dataclass(frozen=True, slots=True)
class Way:
    """A way to pay as pages name it: accepted now, or coming soon."""

    channel: Channel
    accepted: bool

    @property
    def name(self) -> str:
        return str(self.channel.label)


def ways() -> list[Way]:
    """All ways to pay that pages may name. A provider is accepted once its secret and numbers are set."""
    return [
        Way(Channel.BANK, True),
        Way(Channel.PAYME, bool(settings.PAYME_KEY and settings.PAYME_MERCHANT_ID)),
        Way(
            Channel.CLICK,
            bool(settings.CLICK_SECRET_KEY and settings.CLICK_SERVICE_ID and settings.CLICK_MERCHANT_ID),
        ),
    ]


def online() -> list[Channel]:
    """Providers to whose page a payer can be sent now."""
    return [way.channel for way in ways() if way.accepted and way.channel != Channel.BANK]


def payer_url(topup: TopUp, back: str, language: str) -> str:
    """The provider's page on which this top-up is paid. back: where the browser goes afterwards."""
    if topup.provider == Channel.PAYME:
        asked = Checkout(settings.PAYME_MERCHANT_ID, topup.pk, tiyin(topup), language, back)
        return checkout_url(settings.PAYME_CHECKOUT_URL, asked)
    assert topup.provider == Channel.CLICK
    return button_url(
        settings.CLICK_BUTTON_URL,
        Button(
            service=settings.CLICK_SERVICE_ID,
            merchant=settings.CLICK_MERCHANT_ID,
            merchant_user=settings.CLICK_MERCHANT_USER_ID,
            topup=topup.pk,
            tiyin=tiyin(topup),
            back=back,
        ),
    )
