"""Members: the list, and the questions before somebody is removed or made the owner."""

from typing import Final

from allauth.account.decorators import reauthentication_required
from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import letters, members
from accounts.access import Caller
from accounts.errors import AccessError, InvalidField, NotFound
from accounts.models import Membership, Role
from accounts.roles import Power
from billing.download import csv_download
from dashboard.invite_pages import InviteForm, invited, tabs
from dashboard.lists import listing
from dashboard.people import page_caller, permitted, require
from dashboard.people_lists import MEMBER_COLUMNS, MemberList, member_rows
from dashboard.sure import SureForm
from dashboard.views import private

MEANING: Final = {
    Role.VIEWER: gettext_lazy("looks at everything, changes nothing"),
    Role.DEVELOPER: gettext_lazy("makes keys, calls models in Studio, files top-ups"),
    Role.ADMIN: gettext_lazy("besides: projects, budgets, content logs, refunds, billing details, members"),
    Role.OWNER: gettext_lazy("besides: names the organization, makes owners, hands it over"),
}


class RemoveForm(SureForm):
    """A button, and for who has made keys whether these go too: whoever knows a key can call with it."""

    revoke_keys = forms.BooleanField(
        label=gettext_lazy("Revoke these keys too: what uses them stops within five seconds"), required=False
    )

    def __init__(self, request: HttpRequest, *, has_keys: bool) -> None:
        super().__init__("", request)
        if not has_keys:
            del self.fields["revoke_keys"]


@private("GET", "HEAD", "POST")
def member_list(request: HttpRequest) -> HttpResponseBase:
    """Who belongs here, and the form to ask somebody."""
    caller = page_caller(request)
    form = InviteForm(request.POST or None)
    if request.method == "POST":
        permitted(request, Power.MEMBERS)
        if form.is_valid() and invited(request, caller, form):
            return redirect("invitations")
    listed, rows = MemberList(request.GET), members.members_of(caller)
    if request.GET.get("file") == "csv":
        found = listed.rows(rows)
        return csv_download(request, "cloudapi-members.csv", MEMBER_COLUMNS, lambda: member_rows(found))
    gives, shown = members.roles_to_give(caller), listing(listed, rows, request.GET)
    bound = None if members.may_leave(caller) else request.user.pk  # the only owner stays what they are
    context = {
        "organization": caller.organization,
        "listing": shown,
        "members": [(one, one.role in gives and one.user_id != bound) for one in shown.rows],
        "tabs": tabs(request),
        "roles": [(role, Role(role).label) for role in gives],
        "may_leave": bound is None,
        "meaning": [(role.label, MEANING[role]) for role in MEANING],
        "form": form,
    }
    return render(request, "dashboard/members.html", context)


@private("POST")
def member_role(request: HttpRequest, member_id: str) -> HttpResponse:
    """Another role, in force at once; the person hears of it."""
    caller = page_caller(request)
    member = _member(caller, member_id)
    try:
        changed = members.change_role(caller, member, request.POST.get("role", ""))
    except AccessError:
        raise PermissionDenied from None
    except InvalidField as error:
        messages.error(request, str(error))
        return redirect("members")
    if changed.role != member.role:
        if changed.user_id != request.user.pk:
            letters.role_changed(caller.organization, changed.user, changed.role)
        said = {"email": changed.user.email, "role": Role(changed.role).label}
        messages.success(request, _("%(email)s now has the role: %(role)s.") % said)
    return redirect("members")


@private("GET", "HEAD", "POST")
def member_remove(request: HttpRequest, member_id: str) -> HttpResponse:
    """What will happen, by name, and the deed."""
    caller = page_caller(request)
    member = _member(caller, member_id)
    if not members.may_change(caller, member):
        raise PermissionDenied
    keys = members.keys_made_by(member)
    form = RemoveForm(request, has_keys=bool(keys))
    if form.is_valid():
        return _removed(request, caller, member, revoke_keys=form.cleaned_data.get("revoke_keys", False))
    context = {"member": member, "keys": keys, "sure": form}
    return render(request, "dashboard/member_remove.html", context)


def _removed(request: HttpRequest, caller: Caller, member: Membership, *, revoke_keys: bool) -> HttpResponse:
    try:
        members.remove(caller, member, revoke_keys=revoke_keys)
    except InvalidField as error:
        messages.error(request, str(error))
        return redirect("members")
    letters.removed(caller.organization, member.user)
    messages.success(request, _("%(email)s is no longer a member.") % {"email": member.user.email})
    return redirect("members")


@private("GET", "HEAD", "POST")
def member_owner(request: HttpRequest, member_id: str) -> HttpResponse:
    """Hands the organization over, after the password and the new owner's address; both sides are told."""
    caller = page_caller(request)
    member = _member(caller, member_id)
    require(caller, Power.ORGANIZATION)
    if member.user_id == request.user.pk:
        raise Http404
    answer: HttpResponse = _handing_over(request, caller, member)
    return answer


@reauthentication_required  # type: ignore[untyped-decorator]
def _handing_over(request: HttpRequest, caller: Caller, member: Membership) -> HttpResponse:
    form = SureForm(member.user.email, request)
    if form.is_valid():
        try:
            members.hand_over(caller, member)
        except AccessError:  # no longer the owner by now
            raise PermissionDenied from None
        assert caller.user is not None
        letters.handed_over(caller.organization, caller.user, member.user)
        said = {"name": caller.organization.name, "email": member.user.email}
        messages.success(request, _("“%(name)s” now belongs to %(email)s.") % said)
        return redirect("members")
    context = {"member": member, "organization": caller.organization, "sure": form}
    return render(request, "dashboard/member_owner.html", context)


def _member(caller: Caller, api_id: str) -> Membership:
    try:
        return members.find_member(caller, api_id)
    except NotFound:
        raise Http404 from None
