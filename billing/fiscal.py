"""The tax office's receipt of a payment, as providers send it and pages may link to it. Pure."""

import re
from typing import Any, Final
from urllib.parse import urlsplit

LINK_MAX: Final = 500
_HOST_MAX: Final = 100
_HOST: Final = re.compile(r"([a-z0-9-]{1,63}\.)*soliq\.uz")
_PLAIN: Final = re.compile(r"[!-~]+")  # nothing that a browser would leave out or read as something else


def receipt_link(data: dict[str, Any] | None) -> str:
    """The receipt's page at the tax office; '' for anything but an https link to one of its hosts."""
    link = (data or {}).get("qr_code_url")
    return link if isinstance(link, str) and _is_the_tax_offices(link) else ""


def _is_the_tax_offices(link: str) -> bool:
    if len(link) > LINK_MAX or not _PLAIN.fullmatch(link) or "\\" in link:
        return False
    try:
        parts = urlsplit(link)
    except ValueError:
        return False
    host = parts.netloc.lower()  # with a user or a port in it, it isn't one of theirs
    return parts.scheme == "https" and len(host) <= _HOST_MAX and _HOST.fullmatch(host) is not None
