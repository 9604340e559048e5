"""DRF: `/api/projects`: list, make, read, change and archive. A key sees and narrows its own project."""

from typing import Any

from django.db import transaction
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import projects as books
from accounts.access import find_caller_project
from accounts.errors import NotFound
from accounts.models import Project
from accounts.roles import Power
from billing.money import exact_uzs
from dashboard import projects
from dashboard.api import ManagementView, StrictSerializer
from dashboard.projects import Row
from dashboard.shapes import ArchivedProject, ShownProject, ShownProjects, described

TAG = "Projects"


class ProjectSerializer(StrictSerializer):
    """What a project may be asked for with. allowed_models: ids of models, null allows all."""

    name = serializers.CharField(max_length=books.NAME_CHARS_MAX)
    allowed_models = serializers.ListField(
        child=serializers.CharField(max_length=200), required=False, allow_null=True
    )


class ProjectChangeSerializer(ProjectSerializer):
    """What is left out stays as it is. default: only true, to make it the default project."""

    name = serializers.CharField(max_length=books.NAME_CHARS_MAX, required=False)
    rescue = serializers.BooleanField(required=False)
    default = serializers.ChoiceField(choices=[True], required=False)


class ProjectsView(ManagementView):
    """All projects together."""

    @described("listProjects", "List projects", ShownProjects, tag=TAG)
    def get(self, request: Request) -> Response:
        """The projects within reach with what they spend: of the organization, or the key's own."""
        return Response({"data": [shown(row) for row in projects.rows(self.caller)]})

    @described("createProject", "Create a project", ShownProject, tag=TAG, request=ProjectSerializer)
    def post(self, request: Request) -> Response:
        """By a person who is owner or administrator."""
        self.caller.require_person(Power.PROJECTS)
        form = ProjectSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        allowed = projects.known(form.validated_data.get("allowed_models"))
        made = books.create(self.caller, form.validated_data["name"], allowed)
        return Response(shown(Row(made, 0, 0, 0)))


class ProjectView(ManagementView):
    """One project."""

    @described("getProject", "Read a project", ShownProject, tag=TAG)
    def get(self, request: Request, project_id: str) -> Response:
        """Its name, models, state and what it spends."""
        return Response(self._shown(find_caller_project(self.caller, project_id)))

    @described("changeProject", "Change a project", ShownProject, tag=TAG, request=ProjectChangeSerializer)
    @transaction.atomic
    def patch(self, request: Request, project_id: str) -> Response:
        """Calls go by it within 5 s. A key renames its own project and takes models away, no more."""
        project = find_caller_project(self.caller, project_id)
        self.caller.require(Power.PROJECTS)
        form = ProjectChangeSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        fields = dict(form.validated_data)
        projects.known(fields.get("allowed_models"))
        if fields.pop("default", False):
            books.make_default(self.caller, project)
        return Response(self._shown(books.change(self.caller, project, **fields)))

    @described("archiveProject", "Archive a project", ArchivedProject, tag=TAG)
    def delete(self, request: Request, project_id: str) -> Response:
        """By a person. Its keys are refused within 5 s; nothing is deleted."""
        project = find_caller_project(self.caller, project_id)
        return Response({"archived": True, "id": books.archive(self.caller, project).api_id})

    def _shown(self, project: Project) -> dict[str, Any]:
        for row in projects.rows(self.caller):
            if row.project.pk == project.pk:
                return shown(row)
        raise NotFound


def shown(row: Row) -> dict[str, Any]:
    """The public face of a project."""
    project = row.project
    return {
        "id": project.api_id,
        "object": "project",
        "name": project.name,
        "default": project.is_default,
        "allowed_models": project.allowed_models,
        "content_log": project.content_log,
        "rescue": project.rescue,
        "keys": row.keys,
        "spent_today_uzs": exact_uzs(row.today_micros),
        "spent_month_uzs": exact_uzs(row.month_micros),
        "created_at": project.created_at.isoformat(),
    }
