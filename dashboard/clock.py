"""Times of day as the reader wants them: 21:05, or 9:05 PM."""

from collections.abc import Callable
from contextvars import ContextVar
from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.utils.formats import get_format

from accounts.models import Clock
from dashboard import digits

_request: ContextVar[HttpRequest | None] = ContextVar("reader", default=None)


class ReadersClock:
    """After AuthenticationMiddleware. Who reads is asked only where a time is shown."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        token = _request.set(request)
        try:
            return self.get_response(request)
        finally:
            _request.reset(token)


def shown(moment: datetime, form: str) -> str:
    """A local moment in a form of the reader's language (SHORT_DATETIME_FORMAT, …), its hours as chosen."""
    form = get_format(form)
    request = _request.get()
    user = getattr(request, "user", None)
    if getattr(user, "clock", "") == Clock.HOURS_12:
        form = f"{form.replace('H:', 'g:')} A" if "H:" in form else form
    return digits.moment(moment, form)
