"""What an invited person sees: the link of the letter, and the page that tells and asks.

The link's token goes into the session at once and out of the address, so it stands in no history entry of
what follows, and a sign-up or login on the way doesn't lose it. Looking joins nobody.
"""

from typing import Any

from allauth.account.adapter import get_adapter
from django.contrib import messages
from django.contrib.auth import logout
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts import invitations, organizations
from accounts.errors import NotFound, RoleNotAllowed
from accounts.models import Invitation, Membership, Role, User
from dashboard.member_pages import MEANING


@never_cache
@require_safe
def link(request: HttpRequest, token: str) -> HttpResponse:
    """The letter's link. A token that nobody has sent is as missing as any other address."""
    try:
        invitations.find(token)
    except NotFound:
        raise Http404 from None
    request.session[invitations.SESSION] = token
    return redirect("invitation")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest) -> HttpResponse:
    """Who asks, what for, and the way in; each form says in `do` which one it is."""
    found = _found(request)
    user = request.user if isinstance(request.user, User) else None
    if user and found.state == "accepted" and (member := _member(user, found)):
        return _begin(request, member)  # a sign-up by this link has joined already
    if request.method == "POST" and user:
        return _done(request, found, user)
    if user is None and found.state == "waiting":
        # Whoever reads the letter has the address: it needs no second proof.
        get_adapter().stash_verified_email(request, found.email)
    role = Role(found.role)
    context: dict[str, Any] = {"invitation": found, "role": role.label, "meaning": MEANING[role]}
    context["mine"] = user is not None and user.email == found.email
    status = 200 if found.state == "waiting" else 410
    return render(request, "account/invitation.html", context, status=status)


def _found(request: HttpRequest) -> Invitation:
    try:
        return invitations.find(request.session.get(invitations.SESSION, ""))
    except NotFound:
        raise Http404 from None


def _done(request: HttpRequest, found: Invitation, user: User) -> HttpResponse:
    if request.POST.get("do") == "logout":
        token = request.session[invitations.SESSION]
        logout(request)
        request.session[invitations.SESSION] = token
        return redirect("invitation")
    try:
        return _begin(request, invitations.accept(user, found))
    except (NotFound, RoleNotAllowed):
        return redirect("invitation")


def _begin(request: HttpRequest, member: Membership) -> HttpResponse:
    request.session.pop(invitations.SESSION, None)
    organizations.begin_in(request, member)
    said = {"name": member.organization.name, "role": Role(member.role).label}
    messages.success(request, _("You now work in “%(name)s”. Your role: %(role)s.") % said)
    return redirect("overview")


def _member(user: User, found: Invitation) -> Membership | None:
    mine = Membership.objects.select_related("organization").filter(user=user)
    return mine.filter(organization=found.organization).first() if user.email == found.email else None
