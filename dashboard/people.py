"""The signed-in person on a page: their organization and what they may do in it.

Pages know people only: an API key in a header is ignored here.
"""

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest

from accounts.access import WRITERS, Caller, find_caller_key, membership
from accounts.errors import NotFound
from accounts.models import ApiKey


def page_caller(request: HttpRequest) -> Caller:
    """The person and the organization that every query of the page starts from. Needs a login."""
    member = membership(request)
    return Caller(organization=member.organization, user=member.user, role=member.role)


def may_write(caller: Caller) -> bool:
    return caller.role in WRITERS


def changeable_key(caller: Caller, key_id: str) -> ApiKey:
    """The organization's key, to be changed. Raises Http404, PermissionDenied for who only looks on."""
    try:
        key = find_caller_key(caller, key_id)
    except NotFound:
        raise Http404 from None
    if not may_write(caller):
        raise PermissionDenied
    return key
