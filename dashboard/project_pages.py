"""Projects: the list with its form, and one project's page. What archives them is in archive_pages.py."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import audit
from accounts import projects as books
from accounts.access import Caller, find_caller_project
from accounts.errors import InvalidField, NotFound
from accounts.models import Project
from accounts.roles import Power
from billing.download import csv_download
from dashboard import content_log, projects
from dashboard.budgets import budgets_of
from dashboard.lists import listing
from dashboard.people import page_caller, require
from dashboard.people_lists import PROJECT_COLUMNS, ProjectList, project_rows
from dashboard.views import private
from dashboard.widgets import LongCheckboxes

DEEDS = {
    "project.create": gettext_lazy("made"),
    "project.change": gettext_lazy("changed"),
    "project.archive": gettext_lazy("archived"),
    "project.restore": gettext_lazy("taken out of the archive"),
}


class ProjectForm(forms.Form):
    """Name and models. Without "all" those that are chosen, maybe none."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=books.NAME_CHARS_MAX)
    every = forms.BooleanField(
        label=gettext_lazy("All models, also those that come later"), required=False, initial=True
    )
    models = forms.MultipleChoiceField(
        label=gettext_lazy("Or only these"), required=False, widget=LongCheckboxes
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["models"]
        assert isinstance(field, forms.MultipleChoiceField)
        gone = [(slug, slug) for slug in self.initial.get("models") or ()]
        offered = [(model.slug, f"{model.name} · {model.slug}") for model in projects.choices()]
        field.choices = offered + [one for one in gone if one[0] not in dict(offered)]

    @property
    def allowed_models(self) -> list[str] | None:
        """None allows all."""
        return None if self.cleaned_data["every"] else self.cleaned_data["models"]


class SettingsForm(ProjectForm):
    rescue = forms.BooleanField(
        label=gettext_lazy("Continue broken streams"),
        required=False,
        help_text=gettext_lazy(
            "When a provider breaks off in the middle of an answer, another one continues it."
        ),
    )


@private("GET", "HEAD", "POST")
def project_list(request: HttpRequest) -> HttpResponseBase:
    """The organization's projects with what they spend; ?archived=1 those in the archive."""
    caller = page_caller(request)
    form = ProjectForm(request.POST or None)
    if request.method == "POST":
        require(caller, Power.PROJECTS)
        if form.is_valid() and (made := _made(caller, form)):
            messages.success(request, _("The project “%(name)s” is made.") % {"name": made.name})
            return redirect("project", made.api_id)
    archived = request.GET.get("archived") == "1"
    listed, rows = ProjectList(request.GET), projects.reachable(caller, archived=archived)
    if request.GET.get("file") == "csv":
        found = projects.with_spending(caller, listed.rows(rows))
        return csv_download(request, "cloudapi-projects.csv", PROJECT_COLUMNS, lambda: project_rows(found))
    shown = listing(listed, rows, request.GET)
    page = projects.with_spending(caller, shown.rows)
    context = {"projects": page, "listing": shown, "archived": archived, "form": form}
    return render(request, "dashboard/projects.html", context)


def _made(caller: Caller, form: ProjectForm) -> Project | None:
    try:
        return books.create(caller, form.cleaned_data["name"], form.allowed_models)
    except InvalidField as error:
        form.add_error(error.param if error.param in form.fields else None, str(error))
    return None


@private("GET", "HEAD", "POST")
def project(request: HttpRequest, project_id: str) -> HttpResponse:
    """One project: settings, keys, budgets, content log, changes."""
    caller = page_caller(request)
    found = _project(caller, project_id)
    allowed = found.allowed_models
    initial = {"name": found.name, "every": allowed is None, "models": allowed, "rescue": found.rescue}
    form = SettingsForm(request.POST or None, initial=initial)
    if request.method == "POST":
        require(caller, Power.PROJECTS)
        if form.is_valid() and _changed(caller, found, form):
            messages.success(request, _("The project is changed; calls go by it within five seconds."))
            return redirect("project", found.api_id)
    context = {
        "project": found,
        "form": form,
        "keys": books.usable_keys(found),
        "budgets": budgets_of(found),
        "log_key": content_log.state(caller, found).active,
        "spent": next((row for row in projects.rows(caller) if row.project.pk == found.pk), None),
        "changes": [
            (entry, DEEDS[entry.deed])
            for entry in audit.latest(caller.organization, found.api_id)
            if entry.deed in DEEDS
        ],
    }
    return render(request, "dashboard/project.html", context)


def _changed(caller: Caller, found: Project, form: SettingsForm) -> bool:
    data = form.cleaned_data
    try:
        books.change(
            caller, found, name=data["name"], allowed_models=form.allowed_models, rescue=data["rescue"]
        )
    except InvalidField as error:
        form.add_error(error.param if error.param in form.fields else None, str(error))
        return False
    return True


@private("POST")
def project_default(request: HttpRequest, project_id: str) -> HttpResponse:
    """What names no project goes here from now on."""
    caller = page_caller(request)
    found = _project(caller, project_id)
    require(caller, Power.PROJECTS)
    books.make_default(caller, found)
    messages.success(request, _("“%(name)s” is the default project now.") % {"name": found.name})
    return redirect("project", found.api_id)


def _project(caller: Caller, api_id: str) -> Project:
    try:
        return find_caller_project(caller, api_id)
    except NotFound:
        raise Http404 from None
