"""Asking people to join: the form, the list of those who were asked, letters sent again and taken back.

What an invited person sees is in invitation_pages.py.
"""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _

from accounts import invitations, letters
from accounts.access import Caller
from accounts.errors import InvalidField, NotFound
from accounts.models import Invitation, Language, Role
from accounts.roles import Power
from billing.download import csv_download
from dashboard.lists import back_to, chosen, listing
from dashboard.people import permitted
from dashboard.people_lists import INVITATION_COLUMNS, InvitationList, invitation_rows
from dashboard.views import private


class InviteForm(forms.Form):
    """Whom, as what, and in which language the letter is."""

    email = forms.EmailField(
        label=gettext_lazy("E-mail address"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    role = forms.ChoiceField(label=gettext_lazy("Role"), initial=Role.DEVELOPER)
    language = forms.ChoiceField(label=gettext_lazy("Language of the e-mail"), choices=Language.choices)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        role, language = self.fields["role"], self.fields["language"]
        assert isinstance(role, forms.ChoiceField)
        role.choices = [(given.value, given.label) for given in invitations.GIVEN]
        language.initial = (get_language() or "en")[:2]


def tabs(request: HttpRequest) -> list[tuple[str, str, bool]]:
    """Who belongs here, and who is asked to."""
    pages = (("members", _("Members")), ("invitations", _("Invitations")))
    return [(reverse(page), label, request.path == reverse(page)) for page, label in pages]


@private("GET", "HEAD")
def invitation_list(request: HttpRequest) -> HttpResponseBase:
    """Whoever was asked and hasn't joined, and the form to ask somebody."""
    caller = permitted(request, Power.MEMBERS)
    listed, rows = InvitationList(request.GET), invitations.of_organization(caller)
    if request.GET.get("file") == "csv":
        found = listed.rows(rows)
        return csv_download(
            request, "cloudapi-invitations.csv", INVITATION_COLUMNS, lambda: invitation_rows(found)
        )
    shown = listing(listed, rows, request.GET)
    context = {
        "listing": shown,
        "has_invitations": shown.count > 0 or rows.exists(),
        "tabs": tabs(request),
        "form": InviteForm(),
    }
    return render(request, "dashboard/invitations.html", context)


def invited(request: HttpRequest, caller: Caller, form: InviteForm) -> bool:
    """Whether the letter's invitation was made; else the form says why not."""
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
        messages.success(request, _("An e-mail is on its way to %(email)s.") % {"email": invitation.email})
    else:
        messages.error(
            request, _("The e-mail couldn't be sent. Try again in five minutes with “Send again”.")
        )


@private("POST")
def invitation_again(request: HttpRequest, invitation_id: str) -> HttpResponse:
    """A new letter with a new link."""
    caller = permitted(request, Power.MEMBERS)
    (invitation,) = _found(caller, [invitation_id])
    try:
        _mail(request, *invitations.send_again(caller, invitation))
    except InvalidField as error:
        messages.error(request, str(error))
    return redirect("invitations")


@private("GET", "HEAD", "POST")
def invitation_withdraw(request: HttpRequest, invitation_id: str) -> HttpResponse:
    """Asks, then the link no longer works."""
    caller = permitted(request, Power.MEMBERS)
    return _withdrawn(request, caller, _found(caller, [invitation_id]), reverse("invitations"))


@private("GET", "HEAD", "POST")
def invitations_withdraw(request: HttpRequest) -> HttpResponse:
    """The same for all that were chosen in the list; a foreign one among them is 404 for all."""
    caller = permitted(request, Power.MEMBERS)
    said = request.POST if request.method == "POST" else request.GET
    found, back = _found(caller, chosen(said, "invitation")), back_to("invitations", said)
    if not found:
        messages.error(request, _("Choose invitations in the list first."))
        return redirect(back)
    return _withdrawn(request, caller, found, back, said.get("back", ""))


def _withdrawn(
    request: HttpRequest, caller: Caller, found: Sequence[Invitation], back: str, query: str = ""
) -> HttpResponse:
    """Nothing is typed: nobody who works here is hit, and an address can be invited again."""
    if request.method == "POST":
        try:
            invitations.withdraw_all(caller, found)
        except NotFound:  # somebody has just joined
            raise Http404 from None
        messages.success(request, _told(found))
        return redirect(back)
    hidden = [("back", query), *(("invitation", one.api_id) for one in found)]
    context = {"invitations": found, "hidden": hidden, "back_url": back}
    return render(request, "dashboard/invitations_withdraw.html", context)


def _told(found: Sequence[Invitation]) -> str:
    if len(found) == 1:
        return _("The link sent to %(email)s no longer works.") % {"email": found[0].email}
    words = ngettext("%(count)d link no longer works.", "%(count)d links no longer work.", len(found))
    return words % {"count": len(found)}


def _found(caller: Caller, api_ids: Sequence[str]) -> list[Invitation]:
    try:
        return invitations.find_all(caller, api_ids)
    except NotFound:
        raise Http404 from None
