"""Pages of a person's own data: the archive, and the end of the account. Both ask for the password again."""

import logging

from allauth.account.decorators import reauthentication_required
from django import forms
from django.contrib import messages
from django.contrib.auth import logout
from django.core.mail import EmailMessage
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from dashboard.account import closing, exports
from dashboard.account.closing import InTheWay, Obstacle
from dashboard.models import AccountExport
from dashboard.parts import shown
from dashboard.people import page_caller
from dashboard.sure import SureForm
from dashboard.templatetags.money import uzs
from dashboard.views import private

log = logging.getLogger(__name__)


class DeleteForm(SureForm):
    """What nobody says by accident: one's own address, and that money is given up."""

    waive = forms.BooleanField(label=gettext_lazy("I give up the balance"), required=False)

    def __init__(self, user: User, request: HttpRequest, *, micros: int) -> None:
        super().__init__(user.email, request)
        if micros:
            self.fields["waive"].label = _("I give up %(amount)s of balance") % {"amount": uzs(micros)}
        else:
            del self.fields["waive"]


@private("GET", "HEAD")
def data(request: HttpRequest) -> HttpResponseBase:
    """What can be had and done; an archive under way is followed."""
    user = _person(request)
    found = exports.latest(user)
    context = {"export": found, "waits": found is not None and found.state == AccountExport.State.WAITING}
    return shown(request, "dashboard/data.html", context, "state")


@private("POST")
@reauthentication_required  # type: ignore[untyped-decorator]
def export(request: HttpRequest) -> HttpResponse:
    """Has an archive made."""
    exports.ask(_person(request))
    return redirect("account_data")


@private("GET", "HEAD")
@reauthentication_required  # type: ignore[untyped-decorator]
def archive(request: HttpRequest) -> HttpResponseBase:
    """The person's own archive; the address names nobody, so there is no other to ask for."""
    found = exports.latest(_person(request))
    if found is None or found.state != AccountExport.State.READY:
        raise Http404
    try:
        file = exports.path_of(found).open("rb")
    except FileNotFoundError:
        raise Http404 from None
    name = f"cloudapi-{found.asked_at:%Y-%m-%d}.zip"
    answer = FileResponse(file, as_attachment=True, filename=name, content_type="application/zip")
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer


@private("GET", "HEAD", "POST")
@reauthentication_required  # type: ignore[untyped-decorator]
def delete(request: HttpRequest) -> HttpResponse:
    """What will happen, what stands in the way, and the deed."""
    user = _person(request)
    found = closing.obstacles(user)
    form = DeleteForm(user, request, micros=sum(one.micros for one in found))
    if form.is_valid():
        try:
            return _deleted(request, user, waive=form.cleaned_data.get("waive", False))
        except InTheWay as error:
            form.add_error(None, _("The account can't be deleted yet: see below."))
            found = error.obstacles
    context = {
        "sure": form,
        "obstacles": [(one, _words(one)) for one in found if not one.waivable],
        "balance": [one for one in found if one.waivable],
    }
    return render(request, "dashboard/account_delete.html", context)


def _deleted(request: HttpRequest, user: User, *, waive: bool) -> HttpResponse:
    letter = _farewell(user)
    closing.close(user, waive=waive)
    logout(request)
    try:
        letter.send()
    except OSError as error:  # smtplib's errors among them
        log.warning("a farewell can't be sent: %s", type(error).__name__)
    messages.success(request, _("Your account is deleted."))
    return redirect("landing")


def _farewell(user: User) -> EmailMessage:
    """Written while there is an address; whoever reads it and didn't do it has to hear of it at once."""
    text = _(
        "Your CloudAPI account was deleted just now, as you asked. Keys no longer work, sealed content is"
        " removed, and your name and address are gone from our database. Entries of the ledger and payment"
        " papers stay, without your name, as the law wants them kept.\n\nIf this wasn't you, answer this"
        " message at once."
    )
    return EmailMessage(_("Your CloudAPI account is deleted"), text, to=[user.email])


def _words(one: Obstacle) -> str:
    """Why not yet, and what to do about it."""
    return str(_OBSTACLES[one.what]) % {"name": one.organization.name if one.organization else ""}


_OBSTACLES = {
    "operator": gettext_lazy("You are an operator: another operator has to end that first."),
    "owner": gettext_lazy("“%(name)s” has other members and no other owner. Make somebody its owner first."),
    "calls": gettext_lazy("Calls of “%(name)s” are under way. Wait until they have ended."),
    "topup": gettext_lazy("A top-up of “%(name)s” is waiting. Cancel it, or wait until it is decided."),
    "refund": gettext_lazy("A refund of “%(name)s” is under way. It ends when your bank has the money."),
}


def _person(request: HttpRequest) -> User:
    user = page_caller(request).user
    assert user is not None
    return user
