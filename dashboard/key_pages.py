"""Moving a key to another project: the question with what it means, then the deed."""

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.access import Caller
from accounts.models import ApiKey, Project
from accounts.moving import move_key
from dashboard.budgets import budgets_of
from dashboard.people import changeable_key, page_caller
from dashboard.views import private


class MoveForm(forms.Form):
    """The other projects of the organization."""

    project = forms.ModelChoiceField(
        Project.objects.none(), label=gettext_lazy("To project"), empty_label=None
    )

    def __init__(self, caller: Caller, key: ApiKey, *args: object) -> None:
        super().__init__(*args)  # type: ignore[arg-type]
        field = self.fields["project"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = others(caller, key)


def others(caller: Caller, key: ApiKey) -> QuerySet[Project]:
    """Where the key could go."""
    projects = Project.objects.filter(organization=caller.organization, archived_at=None)
    return projects.exclude(pk=key.project_id).order_by("-is_default", "name")


@private("GET", "HEAD", "POST")
def key_move(request: HttpRequest, key_id: str) -> HttpResponse:
    """A foreign key is 404 like an unknown one; who only looks may not."""
    caller = page_caller(request)
    key = changeable_key(caller, key_id)
    if key.revoked_at is not None:
        raise Http404
    form = MoveForm(caller, key, request.POST or None)
    if request.method == "POST" and form.is_valid():
        moved = move_key(caller, key, form.cleaned_data["project"])
        names = {"name": moved.name, "project": moved.project.name}
        messages.success(request, _("The key “%(name)s” now belongs to “%(project)s”.") % names)
        return redirect("keys")
    projects = [(project, budgets_of(project)) for project in others(caller, key)]
    return render(request, "dashboard/key_move.html", {"key": key, "form": form, "projects": projects})
