"""Organizations of the signed-in person: where they work, the name, another one, leaving."""

from collections.abc import Callable

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import members, organizations
from accounts.access import ORGANIZATION, Caller
from accounts.errors import InvalidField, NotFound
from accounts.models import User
from accounts.roles import Power
from dashboard.people import page_caller, require
from dashboard.views import private


class NameForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=organizations.NAME_CHARS_MAX)


@private("GET", "HEAD", "POST")
def organization(request: HttpRequest) -> HttpResponse:
    """The organization worked in and all others; each form says in `do` which one it is."""
    caller = page_caller(request)
    if request.method != "POST":
        return _page(request, caller)
    deed = _DEEDS.get(request.POST.get("do", ""))
    if deed is None:
        raise Http404
    return deed(request, caller)


def _page(request: HttpRequest, caller: Caller, **forms_: NameForm) -> HttpResponse:
    context = {
        "organization": caller.organization,
        "role": caller.role,
        "may_leave": members.may_leave(caller),
        "mine": organizations.mine(_person(caller)),
        "name_form": NameForm(initial={"name": caller.organization.name}, auto_id="rename_%s"),
        "new_form": NameForm(auto_id="new_%s"),
    }
    return render(request, "dashboard/organization.html", context | forms_)


def _rename(request: HttpRequest, caller: Caller) -> HttpResponse:
    require(caller, Power.ORGANIZATION)
    form = NameForm(request.POST, auto_id="rename_%s")
    try:
        if form.is_valid():
            organizations.rename(caller, form.cleaned_data["name"])
            messages.success(request, _("The name is changed."))
            return redirect("organization")
    except InvalidField as error:
        form.add_error("name", str(error))
    return _page(request, caller, name_form=form)


def _create(request: HttpRequest, caller: Caller) -> HttpResponse:
    form = NameForm(request.POST, auto_id="new_%s")
    try:
        if form.is_valid():
            made = organizations.create(_person(caller), form.cleaned_data["name"])
            organizations.work_in(request, _person(caller), made.api_id)
            messages.success(request, _("“%(name)s” is made, and you work in it now.") % {"name": made.name})
            return redirect("overview")
    except InvalidField as error:
        form.add_error("name", str(error))
    return _page(request, caller, new_form=form)


def _switch(request: HttpRequest, caller: Caller) -> HttpResponse:
    try:
        chosen = organizations.work_in(request, _person(caller), request.POST.get("organization", ""))
    except NotFound:
        raise Http404 from None
    messages.success(request, _("You now work in “%(name)s”.") % {"name": chosen.name})
    return redirect("overview")


_DEEDS: dict[str, Callable[[HttpRequest, Caller], HttpResponse]] = {
    "rename": _rename,
    "create": _create,
    "switch": _switch,
}


@private("GET", "HEAD", "POST")
def leave(request: HttpRequest) -> HttpResponse:
    """Asks what it means, then goes."""
    caller = page_caller(request)
    if request.method == "POST":
        try:
            members.leave(caller)
        except InvalidField as error:
            messages.error(request, str(error))
            return redirect("organization")
        request.session.pop(ORGANIZATION, None)
        messages.success(request, _("You have left “%(name)s”.") % {"name": caller.organization.name})
        return redirect("overview")
    context = {"organization": caller.organization, "may_leave": members.may_leave(caller)}
    return render(request, "dashboard/organization_leave.html", context)


def _person(caller: Caller) -> User:
    assert caller.user is not None
    return caller.user
