"""What every page may say about the site itself: the two base URLs and the demo."""

from django import template
from django.conf import settings
from django.utils.text import get_text_list

from billing.fiscal import receipt_link
from billing.models import Channel, ProviderTransaction
from billing.providers import Way, online, ways
from dashboard.site.legal import LegalText, in_force

register = template.Library()


@register.simple_tag
def anthropic_base_url() -> str:
    """Anthropic's SDKs add /v1 themselves."""
    return str(settings.API_BASE_URL).rstrip("/")


@register.simple_tag
def openai_base_url() -> str:
    """OpenAI's SDKs expect the version in the base URL."""
    return f"{anthropic_base_url()}/v1"


@register.simple_tag
def is_demo() -> bool:
    return bool(settings.DEMO)


@register.simple_tag
def payment_providers() -> list[Way]:
    """Payme and the like, those that are accepted here first."""
    found = [way for way in ways() if way.channel != Channel.BANK]
    return sorted(found, key=lambda way: not way.accepted)


@register.simple_tag
def online_ways() -> str:
    """Names of the providers to whose page a payer can be sent now; '' without any."""
    return get_text_list([str(channel.label) for channel in online()])


@register.simple_tag
def bank_details() -> str:
    """Where to send a transfer, as the operator has set it (BANK_DETAILS); '' if nowhere yet."""
    return str(settings.BANK_DETAILS)


@register.simple_tag
def offer_in_force() -> LegalText | None:
    """The offer that who signs up or pays accepts; None while there is only a draft."""
    found = in_force(LegalText.Page.OFFER)
    return found if found is not None and found.binds else None


@register.filter
def fiscal_link(payment: ProviderTransaction) -> str:
    """The tax office's page of the payment's receipt; '' for anything but a link to it."""
    return receipt_link(payment.fiscal_cancel or payment.fiscal_perform)
