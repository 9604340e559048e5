"""The signed-in person on a page: their organization and what they may do in it.

Pages know people only: an API key in a header is ignored here.
"""

from django.http import HttpRequest

from accounts.access import WRITERS, Caller, membership


def page_caller(request: HttpRequest) -> Caller:
    """The person and the organization that every query of the page starts from. Needs a login."""
    member = membership(request)
    return Caller(organization=member.organization, user=member.user, role=member.role)


def may_write(caller: Caller) -> bool:
    return caller.role in WRITERS
