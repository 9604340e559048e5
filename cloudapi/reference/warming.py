"""The reference drawn before somebody asks for it: describing all addresses takes half a second, once."""

from collections.abc import Callable
from threading import Lock, Thread

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from cloudapi.reference.drawing import drawn


class Warm:
    """The first page that a process answers begins it in a thread; who serves no pages never does it.

    The thread reads the code's own descriptions, no database, and waits for nobody.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self._begin = Lock()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.headers.get("Content-Type", "").startswith("text/html") and self._begin.acquire(
            blocking=False
        ):
            Thread(target=_draw, name="reference", daemon=True).start()  # the lock is never given back
        return response


def _draw() -> None:
    for language, _name in settings.LANGUAGES:
        drawn(language)
