"""Members: the list with invitations, and the questions before somebody is removed or made the owner."""

from typing import Any, Final

from allauth.account.decorators import reauthentication_required
from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from accounts import invitations, letters, members
from accounts.access import Caller
from accounts.errors import AccessError, InvalidField, NotFound
from accounts.models import Invitation, Language, Membership, Role
from accounts.roles import Power
from billing.download import csv_download
from dashboard.lists import listing
from dashboard.people import page_caller, permitted, require
from dashboard.people_lists import MEMBER_COLUMNS, MemberList, member_rows
from dashboard.views import private

MEANING: Final = {
    Role.VIEWER: gettext_lazy("looks at everything, changes nothing"),
    Role.DEVELOPER: gettext_lazy("makes keys, calls models in Studio, files top-ups"),
    Role.ADMIN: gettext_lazy("besides: projects, budgets, content logs, refunds, billing details, members"),
    Role.OWNER: gettext_lazy("besides: names the organization, makes owners, hands it over"),
}


class InviteForm(forms.Form):
    """Whom, as what, and in which language the letter is."""

    email = forms.EmailField(
        label=gettext_lazy("E-mail address"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    role = forms.ChoiceField(label=gettext_lazy("Role"), initial=Role.DEVELOPER)
    language = forms.ChoiceField(label=gettext_lazy("Language of the letter"), choices=Language.choices)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        role, language = self.fields["role"], self.fields["language"]
        assert isinstance(role, forms.ChoiceField)
        role.choices = [(given.value, given.label) for given in invitations.GIVEN]
        language.initial = (get_language() or "en")[:2]


@private("GET", "HEAD", "POST")
def member_list(request: HttpRequest) -> HttpResponseBase:
    """Who belongs here, who is asked to, and the form to ask somebody."""
    caller = page_caller(request)
    form = InviteForm(request.POST or None)
    if request.method == "POST":
        permitted(request, Power.MEMBERS)
        if form.is_valid() and _invited(request, caller, form):
            return redirect("members")
    listed, rows = MemberList(request.GET), members.members_of(caller)
    if request.GET.get("file") == "csv":
        found = listed.rows(rows)
        return csv_download(request, "cloudapi-members.csv", MEMBER_COLUMNS, lambda: member_rows(found))
    gives, shown = members.roles_to_give(caller), listing(listed, rows, request.GET)
    context = {
        "organization": caller.organization,
        "listing": shown,
        "members": [(one, one.role in gives) for one in shown.rows],
        "invitations": list(invitations.of_organization(caller)) if caller.may(Power.MEMBERS) else [],
        "roles": [(role, Role(role).label) for role in gives],
        "meaning": [(role.label, MEANING[role]) for role in MEANING],
        "form": form,
    }
    return render(request, "dashboard/members.html", context)


def _invited(request: HttpRequest, caller: Caller, form: InviteForm) -> bool:
    data = form.cleaned_data
    try:
        made, token = invitations.invite(caller, data["email"], data["role"], data["language"])
    except InvalidField as error:
        form.add_error(error.param if error.param in form.fields else None, str(error))
        return False
    _mail(request, made, token)
    return True


def _mail(request: HttpRequest, invitation: Invitation, token: str) -> None:
    """The letter, and what to say of it."""
    if letters.invite(invitation, token):
        messages.success(request, _("A letter is on its way to %(email)s.") % {"email": invitation.email})
    else:
        messages.error(
            request, _("The letter couldn't be sent. Try again in five minutes with “Send again”.")
        )


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
    if request.method == "POST":
        return _removed(request, caller, member)
    context = {"member": member, "keys": members.keys_made_by(member)}
    return render(request, "dashboard/member_remove.html", context)


def _removed(request: HttpRequest, caller: Caller, member: Membership) -> HttpResponse:
    try:
        members.remove(caller, member, revoke_keys=bool(request.POST.get("revoke_keys")))
    except InvalidField as error:
        messages.error(request, str(error))
        return redirect("members")
    letters.removed(caller.organization, member.user)
    messages.success(request, _("%(email)s is no longer a member.") % {"email": member.user.email})
    return redirect("members")


@private("GET", "HEAD", "POST")
def member_owner(request: HttpRequest, member_id: str) -> HttpResponse:
    """Hands the organization over, after the password was typed again; both sides are told."""
    caller = page_caller(request)
    member = _member(caller, member_id)
    require(caller, Power.ORGANIZATION)
    if member.user_id == request.user.pk:
        raise Http404
    answer: HttpResponse = _handing_over(request, caller, member)
    return answer


@reauthentication_required  # type: ignore[untyped-decorator]
def _handing_over(request: HttpRequest, caller: Caller, member: Membership) -> HttpResponse:
    if request.method == "POST":
        members.hand_over(caller, member)
        assert caller.user is not None
        letters.handed_over(caller.organization, caller.user, member.user)
        said = {"name": caller.organization.name, "email": member.user.email}
        messages.success(request, _("“%(name)s” now belongs to %(email)s.") % said)
        return redirect("members")
    context = {"member": member, "organization": caller.organization}
    return render(request, "dashboard/member_owner.html", context)


@private("POST")
def invitation_again(request: HttpRequest, invitation_id: str) -> HttpResponse:
    """A new letter with a new link."""
    caller = permitted(request, Power.MEMBERS)
    try:
        _mail(request, *invitations.send_again(caller, _invitation(caller, invitation_id)))
    except InvalidField as error:
        messages.error(request, str(error))
    return redirect("members")


@private("GET", "HEAD", "POST")
def invitation_withdraw(request: HttpRequest, invitation_id: str) -> HttpResponse:
    """Asks, then the link no longer works."""
    caller = permitted(request, Power.MEMBERS)
    invitation = _invitation(caller, invitation_id)
    if request.method == "POST":
        invitations.withdraw(caller, invitation)
        messages.success(
            request, _("The link sent to %(email)s no longer works.") % {"email": invitation.email}
        )
        return redirect("members")
    return render(request, "dashboard/invitation_withdraw.html", {"invitation": invitation})


def _member(caller: Caller, api_id: str) -> Membership:
    try:
        return members.find_member(caller, api_id)
    except NotFound:
        raise Http404 from None


def _invitation(caller: Caller, api_id: str) -> Invitation:
    try:
        return invitations.find_invitation(caller, api_id)
    except NotFound:
        raise Http404 from None
