"""Projects into the archive and out of it, one or many at once: what will stop is said by name beforehand."""

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import projects as books
from accounts.access import Caller
from accounts.errors import InvalidField, NotFound
from accounts.models import Project
from accounts.roles import Power
from dashboard import undo
from dashboard.keys import fill_last_use
from dashboard.lists import back_to, chosen
from dashboard.people import page_caller, permitted, require
from dashboard.sure import SureForm, word_for_many
from dashboard.views import private


@private("GET", "HEAD", "POST")
def project_archive(request: HttpRequest, project_id: str) -> HttpResponse:
    """Asks, then puts one project into the archive."""
    caller = page_caller(request)
    found = _found(caller, [project_id])
    require(caller, Power.PROJECTS)
    return _asked(request, caller, found, reverse("projects"))


@private("GET", "HEAD", "POST")
def projects_archive(request: HttpRequest) -> HttpResponse:
    """Asks, then puts all that were chosen in the list into the archive; foreign ones are 404 for all."""
    caller = permitted(request, Power.PROJECTS)
    said = request.POST if request.method == "POST" else request.GET
    found, back = _found(caller, chosen(said, "project")), back_to("projects", said)
    if not found:
        messages.error(request, _("Choose projects in the list first."))
        return redirect(back)
    return _asked(request, caller, found, back, said.get("back", ""))


def _asked(
    request: HttpRequest, caller: Caller, found: Sequence[Project], back: str, query: str = ""
) -> HttpResponse:
    keys = books.usable_keys(*found)
    fill_last_use(caller.organization, keys)
    used = [key for key in keys if key.last_used_at is not None]
    form = SureForm(word_for_many(found, found[0].name) if used else "", request)
    if form.is_valid():
        return _archived(request, caller, found, back)
    context: dict[str, Any] = {
        "projects": [(one, [key for key in keys if key.project_id == one.pk]) for one in found],
        "keys": keys,
        "sure": form,
        "back_url": back,
        "hidden": [("back", query), *(("project", one.api_id) for one in found)],
    }
    return render(request, "dashboard/projects_archive.html", context)


def _archived(request: HttpRequest, caller: Caller, found: Sequence[Project], back: str) -> HttpResponse:
    try:
        books.archive_all(caller, found)
    except InvalidField as error:
        messages.error(request, str(error))
        return redirect(back)
    except NotFound:  # somebody else was faster
        raise Http404 from None
    if len(found) == 1:
        told = _("“%(name)s” is in the archive.") % {"name": found[0].name}
    else:
        words = ngettext(
            "%(count)d project is in the archive.", "%(count)d projects are in the archive.", len(found)
        )
        told = words % {"count": len(found)}
    undo.told(request, told, reverse("projects_restore"), [("project", one.api_id) for one in found])
    return redirect(back)


@private("POST")
def project_restore(request: HttpRequest, project_id: str) -> HttpResponse:
    """Takes a project out of the archive."""
    caller = page_caller(request)
    found = _found(caller, [project_id], archived=True)
    require(caller, Power.PROJECTS)
    return _restored(request, caller, found)


@private("POST")
def projects_restore(request: HttpRequest) -> HttpResponse:
    """The same for all that were chosen, or that have just been archived: all of them or none."""
    caller = permitted(request, Power.PROJECTS)
    found = _found(caller, chosen(request.POST, "project"), archived=True)
    if not found:
        messages.error(request, _("Choose projects in the list first."))
        return redirect(back_to("projects", request.POST))
    return _restored(request, caller, found)


def _restored(request: HttpRequest, caller: Caller, found: Sequence[Project]) -> HttpResponse:
    try:
        books.restore_all(caller, found)
    except InvalidField as error:
        messages.error(request, str(error))
        return redirect("projects")
    except NotFound:
        raise Http404 from None
    if len(found) == 1:
        messages.success(request, _("“%(name)s” works again, and so do its keys.") % {"name": found[0].name})
        return redirect("project", found[0].api_id)
    told = ngettext(
        "%(count)d project works again, and so do its keys.",
        "%(count)d projects work again, and so do their keys.",
        len(found),
    )
    messages.success(request, told % {"count": len(found)})
    return redirect("projects")


def _found(caller: Caller, api_ids: Sequence[str], *, archived: bool = False) -> list[Project]:
    try:
        return books.find_all(caller, api_ids, archived=archived)
    except NotFound:
        raise Http404 from None
