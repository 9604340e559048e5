"""DRF: sealed content of calls, `/api/content` and `/api/projects/{id}/content`: read, export, delete.

What is handed out is as sealed as it is kept (docs/log-encryption.md); the reader's private key opens it.
"""

from collections.abc import Iterator
from datetime import datetime
from itertools import batched
from uuid import UUID

from django.http import StreamingHttpResponse
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access import Caller, find_caller_project
from accounts.errors import InvalidField, NotFound
from accounts.models import Project
from accounts.roles import Power
from billing.download import streamed
from dashboard import content_log
from dashboard.api import ManagementView
from dashboard.shapes import described
from proxy.contents import records
from proxy.contents.sealing import FORMAT

TAG = "Content"
_BOUNDS = [
    OpenApiParameter(name, datetime, description=told)
    for name, told in (("since", "calls that began then or later"), ("until", "calls that began before"))
]


class SealedRecord(serializers.Serializer):  # type: ignore[type-arg]
    """One call's content, sealed to the project's log key."""

    v = serializers.ChoiceField(choices=[FORMAT])
    project = serializers.CharField(help_text="proj_…")
    request_id = serializers.UUIDField()
    time = serializers.IntegerField(help_text="Unix milliseconds")
    key_id = serializers.CharField(help_text="lk_…")
    request_bytes = serializers.IntegerField()
    response_bytes = serializers.IntegerField()
    truncated = serializers.BooleanField()
    lost = serializers.CharField(allow_null=True, help_text="why the content was not kept")
    sealed = serializers.CharField(allow_null=True, help_text="base64")


class DeletedContent(serializers.Serializer):  # type: ignore[type-arg]
    deleted = serializers.BooleanField()


class Bounds(serializers.Serializer):  # type: ignore[type-arg]
    since = serializers.DateTimeField(required=False, default=None)
    until = serializers.DateTimeField(required=False, default=None)


class CallContentView(ManagementView):
    """The content of one call."""

    @described("getContent", "Sealed content of a call", SealedRecord, tag=TAG)
    def get(self, request: Request, call_id: UUID) -> Response:
        """404 where nothing is kept: the project didn't log, its days are over, or it was deleted."""
        for project in within_reach(self.caller):
            found = records.of_call(project, call_id)
            if found is not None:
                return Response(found.shown())
        raise NotFound

    @described("deleteContent", "Delete the content of a call", DeletedContent, tag=TAG)
    def delete(self, request: Request, call_id: UUID) -> Response:
        """At once and for good."""
        self.caller.require(Power.FORGET)
        projects = within_reach(self.caller)
        if not any(content_log.forget_call(self.caller, project, call_id) for project in projects):
            raise NotFound
        return Response({"deleted": True})


class ProjectContentView(ManagementView):
    """The content of a project's calls."""

    @described("exportContent", "Export sealed content", SealedRecord, tag=TAG, parameters=_BOUNDS)
    def get(self, request: Request, project_id: str) -> StreamingHttpResponse:
        """One JSON object a line, oldest first; `python -m cloudapi.decrypt` opens the file."""
        project = _project(self.caller, project_id)
        bounds = Bounds(data=request.query_params)
        bounds.is_valid(raise_exception=True)
        since, until = bounds.validated_data["since"], bounds.validated_data["until"]
        if since and until and since > until:
            raise InvalidField("until", "It ends before it begins.")
        found = records.lines(records.all_of(project, since, until))
        name = f"content-{project.api_id}.ndjson"
        return streamed(request._request, _chunks(found), name, "application/x-ndjson")

    @described("deleteProjectContent", "Delete a project's content", DeletedContent, tag=TAG)
    def delete(self, request: Request, project_id: str) -> Response:
        """All of it so far: nobody sees it from now on, and it is removed for good within minutes."""
        self.caller.require(Power.LOGS)
        content_log.forget_all(self.caller, _project(self.caller, project_id))
        return Response({"deleted": True})


class ContentView(ManagementView):
    """The content of all calls within reach."""

    @described("deleteAllContent", "Delete all content", DeletedContent, tag=TAG)
    def delete(self, request: Request) -> Response:
        """As of one project, for the key's own or for all of the person's organization."""
        self.caller.require(Power.LOGS)
        for project in within_reach(self.caller):
            content_log.forget_all(self.caller, project)
        return Response({"deleted": True})


def within_reach(caller: Caller) -> list[Project]:
    """The projects whose content may be there: archived ones too, as theirs stays until its days are over."""
    if caller.key is not None:
        return [caller.key.project]
    return list(caller.organization.projects.filter(log_keys__isnull=False).distinct().order_by("pk"))


def _project(caller: Caller, api_id: str) -> Project:
    """Raises NotFound, for foreign ids too."""
    for project in within_reach(caller):
        if project.api_id == api_id:
            return project
    return find_caller_project(caller, api_id)


def _chunks(found: Iterator[bytes]) -> Iterator[bytes]:
    return map(b"".join, batched(found, records.PAGE))  # noqa: B911 (the last may be shorter)
