"""A page's language by its address: ?hl=uz. So that each language of a page can be linked to and found.

Without it the account's cookie or the browser decides, as before.
"""

from collections.abc import Callable
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation

from accounts.language import keep_language

PARAMETER: Final = "hl"


class AddressLanguage:
    """After LocaleMiddleware. Who came to a language by a link keeps it on the pages that follow."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        wanted = request.GET.get(PARAMETER, "") if request.method in ("GET", "HEAD") else ""
        if wanted not in dict(settings.LANGUAGES):
            return self.get_response(request)
        translation.activate(wanted)
        request.LANGUAGE_CODE = wanted
        response = self.get_response(request)
        keep_language(response, wanted, for_s=None)
        return response
