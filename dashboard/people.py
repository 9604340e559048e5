"""The signed-in person on a page: their organization and what they may do in it.

Pages know people only: an API key in a header is ignored here.
"""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.utils.functional import SimpleLazyObject

from accounts.access import Caller, find_caller_key, membership, signed_in_caller
from accounts.errors import NotFound
from accounts.models import ApiKey, Membership
from accounts.roles import Power, powers


def page_caller(request: HttpRequest) -> Caller:
    """The person and the organization that every query of the page starts from. Needs a login."""
    return signed_in_caller(request)


def permitted(request: HttpRequest, power: Power) -> Caller:
    """The same for a page, or a deed of one, that isn't for every role. Raises PermissionDenied."""
    caller = page_caller(request)
    require(caller, power)
    return caller


def changing(request: HttpRequest, power: Power) -> Caller:
    """The same for a page that everybody sees and whose form isn't for every role: before it is read."""
    caller = page_caller(request)
    if request.method == "POST":
        require(caller, power)
    return caller


def require(caller: Caller, power: Power) -> None:
    """Raises PermissionDenied, which becomes the page that says so."""
    if not caller.may(power):
        raise PermissionDenied


def changeable_key(caller: Caller, key_id: str) -> ApiKey:
    """The organization's key, to be changed. Raises Http404, PermissionDenied for who only looks on."""
    try:
        key = find_caller_key(caller, key_id)
    except NotFound:
        raise Http404 from None
    require(caller, Power.KEYS)
    return key


def seen(request: HttpRequest) -> dict[str, Any]:
    """For every template: `may`, by the names of accounts/roles.py, and `membership`; asked when used."""
    return {
        "may": SimpleLazyObject(lambda: powers(getattr(_own(request), "role", None))),
        "membership": SimpleLazyObject(lambda: _own(request)),
    }


def _own(request: HttpRequest) -> Membership | None:
    user = getattr(request, "user", None)
    return membership(request) if user is not None and user.is_authenticated else None
