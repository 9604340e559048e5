"""The demo's confirmation link, for templates/account/verification_sent.html."""

from django import template
from django.conf import settings
from django.http import HttpRequest

from accounts.adapter import DEMO_CONFIRMATION

register = template.Library()


@register.simple_tag(takes_context=True)
def demo_confirmation_url(context: template.Context) -> str:
    """The link that this session's sign-up was sent; '' outside of the demo."""
    request: HttpRequest = context["request"]
    url: str = request.session.get(DEMO_CONFIRMATION, "") if settings.DEMO else ""
    return url
