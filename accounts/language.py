"""The language that a browser keeps for its reader."""

from django.conf import settings
from django.http.response import HttpResponseBase

_YEAR_S = 365 * 24 * 3600


def keep_language(response: HttpResponseBase, language: str, *, for_s: int | None = _YEAR_S) -> None:
    """Later pages are in it. for_s: seconds, or None until the browser is closed."""
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=for_s,
        secure=settings.LANGUAGE_COOKIE_SECURE,
        samesite="Lax",
    )
