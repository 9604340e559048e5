"""How to reach the operator, as the settings say."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Contact:
    """kind: telegram, email or issues."""

    kind: str
    title: Any
    text: str
    href: str


def contacts() -> list[Contact]:
    """Those that are set, the quickest first."""
    found = []
    if name := settings.CONTACT_TELEGRAM:
        found.append(Contact("telegram", "Telegram", f"@{name}", f"https://t.me/{name}"))
    if address := settings.CONTACT_EMAIL:
        found.append(Contact("email", _("E-mail"), address, f"mailto:{address}"))
    if url := settings.CONTACT_ISSUES_URL:
        found.append(Contact("issues", _("Bugs and wishes"), url.partition("://")[2], url))
    return found
