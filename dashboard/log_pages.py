"""Pages of the content log: a project's switch and keys, and what one call said, opened in the browser.

The server hands out what is sealed. The private key is made, kept and used in the browser (static/js/log-*).
"""

import base64
import binascii
import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.access import Caller, find_caller_project
from accounts.errors import InvalidField, NotFound, RoleNotAllowed
from accounts.models import Project
from accounts.models.project import DAYS_MAX, DAYS_MIN
from accounts.roles import Power
from dashboard import activity, content_log
from dashboard.people import page_caller, require
from dashboard.sure import SureForm
from dashboard.views import private

CHANGES = {
    "content_log.on": gettext_lazy("turned on"),
    "content_log.rotate": gettext_lazy("new key"),
    "content_log.off": gettext_lazy("turned off"),
    "content_log.days": gettext_lazy("days changed"),
    "content_log.delete": gettext_lazy("all content deleted"),
    "content_log.delete_call": gettext_lazy("content of a call deleted"),
}


class KeyForm(forms.Form):
    """What the browser tells of the pair that it has made: the public half and the name in the file."""

    public_key = forms.CharField(max_length=43)  # base64url without padding
    key_id = forms.RegexField("^lk_[0-9a-f]{32}$")

    def clean_public_key(self) -> bytes:
        try:
            return base64.b64decode(self.cleaned_data["public_key"] + "=", b"-_", validate=True)
        except binascii.Error:
            raise ValidationError(_("This is no public key.")) from None

    def clean_key_id(self) -> UUID:
        return UUID(hex=str(self.cleaned_data["key_id"])[3:])


class DaysForm(forms.Form):
    days = forms.IntegerField(
        label=gettext_lazy("Days that content is kept"), min_value=DAYS_MIN, max_value=DAYS_MAX
    )


@private("GET", "HEAD", "POST")
def project_logs(request: HttpRequest, project_id: str) -> HttpResponse:
    """The content log of one project; each form says in `do` which one it is."""
    caller = page_caller(request)
    project = _project(caller, project_id)
    if request.method != "POST":
        return _page(request, caller, project)
    deed = _DEEDS.get(request.POST.get("do", ""))
    if deed is None:
        raise Http404
    try:
        return deed(request, caller, project)
    except RoleNotAllowed:
        raise PermissionDenied from None


def _page(request: HttpRequest, caller: Caller, project: Project, **more: Any) -> HttpResponse:
    now = content_log.state(caller, project)
    context = {
        "project": project,
        "log": now,
        "changes": [(entry, CHANGES.get(entry.deed, entry.deed)) for entry in now.changes],
        "days_form": DaysForm(initial={"days": project.content_days}),
        "words_json": json.dumps(_setup_words()),
    }
    return render(request, "dashboard/project_logs.html", context | more)


def _on(request: HttpRequest, caller: Caller, project: Project) -> HttpResponse:
    form = KeyForm(request.POST)
    if not form.is_valid():
        return _refused(request, project, _("The browser sent no valid key. Try again."))
    try:
        content_log.turn_on(caller, project, form.cleaned_data["public_key"], form.cleaned_data["key_id"])
    except InvalidField as error:
        return _refused(request, project, str(error))
    messages.success(request, _("Content of the next calls is sealed to your key."))
    return redirect("project_logs", project.api_id)


def _off(request: HttpRequest, caller: Caller, project: Project) -> HttpResponse:
    content_log.turn_off(caller, project)
    messages.success(request, _("Content is no longer kept. What there is stays until its days are over."))
    return redirect("project_logs", project.api_id)


def _days(request: HttpRequest, caller: Caller, project: Project) -> HttpResponse:
    caller.require(Power.LOGS)
    form = DaysForm(request.POST)
    if not form.is_valid():
        return _page(request, caller, project, days_form=form)
    content_log.keep_days(caller, project, form.cleaned_data["days"])
    messages.success(request, _("Your choice is kept."))
    return redirect("project_logs", project.api_id)


def _refused(request: HttpRequest, project: Project, text: str) -> HttpResponse:
    messages.error(request, text)
    return redirect("project_logs", project.api_id)


_DEEDS: dict[str, Callable[[HttpRequest, Caller, Project], HttpResponse]] = {
    "on": _on,
    "off": _off,
    "days": _days,
}


@private("GET", "HEAD", "POST")
def project_logs_delete(request: HttpRequest, project_id: str) -> HttpResponse:
    """Asks for the project's name before all content goes for good."""
    caller = page_caller(request)
    project = _project(caller, project_id)
    require(caller, Power.LOGS)
    form = SureForm(project.name, request)
    if form.is_valid():
        content_log.forget_all(caller, project)
        messages.success(request, _("All content of this project is deleted."))
        return redirect("project_logs", project.api_id)
    context = {"project": project, "sure": form}
    return render(request, "dashboard/project_logs_delete.html", context)


@private("GET", "HEAD", "POST")
def content(request: HttpRequest, call_id: UUID) -> HttpResponse:
    """What one call said, for whoever holds the key; a POST deletes it."""
    caller = page_caller(request)
    call = activity.find(caller.organization, call_id)
    if call is None or call.project is None:
        raise Http404
    if request.method == "POST":
        return _forget_call(request, caller, call.project, call_id)
    lost = content_log.told(call.project, call_id)
    context = {
        "row": call.row,
        "project": call.project,
        "known": lost is not None,
        "lost": lost,
        "keys_json": json.dumps({key.api_id: key.fingerprint for key in call.project.log_keys.all()}),
        "words_json": json.dumps(_reading_words()),
    }
    return render(request, "dashboard/content.html", context)


def _forget_call(request: HttpRequest, caller: Caller, project: Project, call_id: UUID) -> HttpResponse:
    try:
        if content_log.forget_call(caller, project, call_id):
            messages.success(request, _("The content of this call is deleted."))
    except RoleNotAllowed:
        raise PermissionDenied from None
    return redirect("receipt", call_id)


def _project(caller: Caller, api_id: str) -> Project:
    try:
        return find_caller_project(caller, api_id)
    except NotFound:
        raise Http404 from None


def _setup_words() -> dict[str, str]:
    """What static/js/log-setup.js says."""
    return {
        "insecure": _("Keys can be made on a secure connection (https) only."),
        "failed": _("This browser could not make a key: use a current one."),
        "notKey": _("This is no CloudAPI log key file."),
        "otherKey": _("This is another key's file. Choose the one that you have just kept."),
        "good": _("That's the file, and it opens what its public half seals."),
    }


def _reading_words() -> dict[str, str]:
    """What static/js/log-content.js says."""
    return {
        "insecure": _("Content can be opened on a secure connection (https) only."),
        "notKey": _("This is no CloudAPI log key file."),
        "otherProject": _("This key file belongs to another project."),
        "otherKey": _("This call was sealed to another key: {key}. Choose the file with that fingerprint."),
        "tampered": _(
            "The record does not open: it was changed, or it belongs to another call. Nothing of it is shown."
        ),
        "gone": _("Nothing is kept of this call any more."),
        "failed": _("The record could not be fetched. Try again."),
        "truncated": _("Only the first {kept} of {size} bytes are kept."),
        "notText": _("{size} bytes of {type}"),
        "remembered": _("The key is remembered on this device."),
        "cantRemember": _("This browser can't keep a key safely, so it isn't remembered."),
        "forgotten": _("The key is forgotten on this device."),
        "system": _("System"),
        "developer": _("Developer"),
        "user": _("User"),
        "assistant": _("Assistant"),
        "tool": _("Tool"),
        "function": _("Tool"),
        "toolCall": _("calls {name}"),
        "thinking": _("Thinking"),
        "picture": _("picture"),
        "file": _("file"),
        "empty": _("nothing"),
    }
