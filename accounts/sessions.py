"""Where a person is signed in, and the end of that: of one browser, or of all others.

A session is noted by the first page it sees, so however it began (password, link of an e-mail, new password),
it is in the list.
"""

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from importlib import import_module
from typing import Any, Final

from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from accounts.models import SignIn, User
from accounts.studio import end_sessions

_NOTED_S: Final = 600  # how exactly it is known when a browser was seen
_AGENT_MAX: Final = 300


class Noted:
    """After AuthenticationMiddleware. Pages that don't ask who is there note nobody."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        session = request.session
        if session.accessed and session.session_key and isinstance(request.user, User):
            name = f"seen:{sha256(session.session_key.encode()).hexdigest()}"
            if cache.add(name, 1, timeout=_NOTED_S):
                note(request, request.user)
        return response


def note(request: HttpRequest, user: User) -> SignIn | None:
    """This browser, seen now; None without a session, as in a test client's first request."""
    key = request.session.session_key
    if not key:
        return None
    agent = request.headers.get("User-Agent", "").replace("\0", "")[:_AGENT_MAX]
    said = {"user": user, "agent": agent, "seen_at": timezone.now()}
    return SignIn.objects.update_or_create(session_key=key, defaults=said)[0]


def of(user: User) -> Sequence[SignIn]:
    """Browsers that are signed in, last seen first; those whose session has ended are forgotten."""
    mine = SignIn.objects.filter(user=user)
    keys = list(mine.values_list("session_key", flat=True))
    alive = Session.objects.filter(session_key__in=keys, expire_date__gt=timezone.now())
    mine.exclude(session_key__in=alive.values("session_key")).delete()
    return list(mine)


def end(user: User, number: int) -> SignIn | None:
    """Signs one of the person's own browsers out; None if it is none of theirs."""
    found = SignIn.objects.filter(user=user, pk=number).first()
    if found is not None:
        _end([found])
    return found


def end_others(user: User, key: str | None) -> int:
    """Signs all of the person's browsers out but the one of this session; how many those were."""
    return _end(SignIn.objects.filter(user=user).exclude(session_key=key or ""))


def on_log_out(sender: Any, request: HttpRequest | None, **kwargs: Any) -> None:
    """Django's announcement, made before the session is flushed."""
    key = getattr(getattr(request, "session", None), "session_key", None)
    SignIn.objects.filter(session_key=key or "").delete()


def on_new_password(sender: Any, request: HttpRequest, user: User, **kwargs: Any) -> None:
    """allauth's announcement: the other sessions bear the old password's mark and open nothing any more."""
    end_others(user, request.session.session_key)


def _end(found: Iterable[SignIn]) -> int:
    store = import_module(settings.SESSION_ENGINE).SessionStore
    ended = list(found)
    for one in ended:
        store(one.session_key).delete()  # from the database and the cache
    end_sessions([one.session_key for one in ended])
    SignIn.objects.filter(pk__in=[one.pk for one in ended]).delete()
    return len(ended)
