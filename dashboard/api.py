"""DRF: `/api/keys`, by session with CSRF token or by a key with the scope `manage`.

The shapes of `id key name prefix created lastUsed` are those of the CloudGPT documentation, times in
Unix seconds; what is ours besides is in snake case, times in ISO 8601, money in so'm.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, cast

import orjson
from django.contrib.auth.models import AnonymousUser
from rest_framework import serializers
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.parsers import JSONParser
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.access import Caller, caller, find_caller_key, reachable_keys
from accounts.errors import AccountsError, InvalidField, NotFound
from accounts.keyrules import KeyRequest
from accounts.keys import revoke_key
from accounts.models import ApiKey, Project, Scope
from accounts.moving import move_key
from accounts.roles import Power
from dashboard.keys import SpendCap, Window, caps_of, fill_last_use, issue_key
from dashboard.shapes import DeletedKey, NewKey, ShownKey, ShownKeys, described
from proxy import peek
from proxy.denials import denial
from proxy.errors import ApiError

MICROS_PER_UZS = 1_000_000
BODY_BYTES_MAX = 65_536
_CODES = {"required": "missing_required_parameter", "unknown": "unknown_parameter"}


class CallerAuthentication(BaseAuthentication):
    """Puts the accounts.access.Caller into request.auth. A key, if one was sent, beats the session."""

    def authenticate(self, request: Request) -> tuple[Any, Caller]:
        found = caller(request._request, Scope.MANAGE)
        if found.key is None:
            SessionAuthentication().enforce_csrf(request)
        return found.user or AnonymousUser(), found


class StrictJsonParser(JSONParser):
    """Bounded in size and depth; DRF's own parser answers deep nesting with a RecursionError."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        body = stream.read(BODY_BYTES_MAX + 1)
        if len(body) > BODY_BYTES_MAX:
            raise ApiError(413, "request_too_large", f"The body is larger than {BODY_BYTES_MAX} bytes.")
        try:
            return orjson.loads(body)
        except orjson.JSONDecodeError:
            raise ApiError(400, "invalid_json", "The body is not valid JSON.") from None


class ManagementView(APIView):
    """Refusals of accounts become the envelope; answers may hold a key, so nobody stores them."""

    authentication_classes = [CallerAuthentication]
    parser_classes = [StrictJsonParser]
    permission_classes = [AllowAny]  # nobody gets past the authentication without a caller

    @property
    def caller(self) -> Caller:
        return cast(Caller, self.request.auth)

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, AccountsError):
            exc = denial(exc)
        elif isinstance(exc, ValidationError):
            exc = _invalid(exc.detail)
        return super().handle_exception(exc)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        response.headers.setdefault("Cache-Control", "no-store")
        # `request.auth` would authenticate once more, and refuse once more.
        asking = getattr(vars(request).get("_auth"), "key", None)
        if asking is not None:
            for name, value in peek.headers(asking, unix_time=request.path.startswith("/api/")).items():
                response.headers[name] = value
        return super().finalize_response(request, response, *args, **kwargs)


class CapSerializer(serializers.Serializer):  # type: ignore[type-arg]
    limit_uzs = serializers.DecimalField(max_digits=15, decimal_places=6, min_value=Decimal("0.000001"))
    window = serializers.ChoiceField(choices=[window.name.lower() for window in Window])


class StrictSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """Refuses what it doesn't know: a misspelt limit must not silently be no limit."""

    def to_internal_value(self, data: Any) -> Any:
        unknown = sorted(set(data) - set(self.fields)) if isinstance(data, Mapping) else []
        if unknown:
            raise ValidationError({unknown[0]: [ErrorDetail("This field is not known.", "unknown")]})
        return super().to_internal_value(data)


class KeySerializer(StrictSerializer):
    """What a key may be asked for with. A field left out takes the asking key's own value, if it has one."""

    name = serializers.CharField(max_length=100)
    project = serializers.CharField(max_length=40, required=False)
    scopes = serializers.ListField(child=serializers.CharField(max_length=16), required=False)
    rpm = serializers.IntegerField(min_value=1, required=False, allow_null=True)
    allowed_ips = serializers.ListField(child=serializers.CharField(max_length=43), required=False)
    expires_at = serializers.DateTimeField(required=False, allow_null=True)
    cap = CapSerializer(required=False, allow_null=True)


class MoveSerializer(StrictSerializer):
    """Where a key goes."""

    project = serializers.CharField(max_length=40)


class KeysView(ManagementView):
    """All keys together."""

    @described("listKeys", "List API keys", ShownKeys)
    def get(self, request: Request) -> Response:
        """The usable keys within reach: of the key's project, or of the person's organization."""
        keys = list(reachable_keys(self.caller).filter(revoked_at=None).order_by("-pk"))
        caps = caps_of(keys)
        fill_last_use(self.caller.organization, keys)
        return Response({"data": [shown(key, caps.get(key.pk, [])) for key in keys]})

    @described("createKey", "Create an API key", NewKey, request=KeySerializer)
    def post(self, request: Request) -> Response:
        """A new key, whose text is in this answer only. What is left out is as the asking key has it."""
        self.caller.require(Power.KEYS)
        form = KeySerializer(data=request.data)
        form.is_valid(raise_exception=True)
        fields = form.validated_data
        cap = _cap(fields.get("cap"))
        project = _project(self.caller, fields.get("project"))
        key, plain = issue_key(self.caller, project, _asked(fields, self.caller.key), cap)
        return Response({**shown(key, [cap] if cap else []), "key": plain})


class KeyView(ManagementView):
    """One key."""

    @described("moveKey", "Move an API key", ShownKey, request=MoveSerializer)
    def patch(self, request: Request, key_id: str) -> Response:
        """To another project of the organization; by a person, as a key's reach is its own project.

        The new project's models and caps bind it within 5 s. Calls made before stay where they were made.
        """
        self.caller.require(Power.KEYS)
        key = find_caller_key(self.caller, key_id)
        form = MoveSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        moved = move_key(self.caller, key, _project(self.caller, form.validated_data["project"]))
        return Response(shown(moved, caps_of([moved]).get(moved.pk, [])))

    @described("deleteKey", "Revoke an API key", DeletedKey)
    def delete(self, request: Request, key_id: str) -> Response:
        """Ends a key for good; in force everywhere within 5 s."""
        self.caller.require(Power.KEYS)
        key = find_caller_key(self.caller, key_id)
        if not revoke_key(key):
            raise NotFound
        return Response({"deleted": True, "id": key.api_id})


def _invalid(detail: Any) -> ApiError:
    """400 with the first of DRF's complaints, its field as a dotted path."""
    path: list[str] = []
    while not isinstance(detail, ErrorDetail):
        name, detail = next(iter(detail.items())) if isinstance(detail, dict) else ("", detail[0])
        path.append(str(name))
    param = ".".join(name for name in path if name not in {"", "non_field_errors"})
    return ApiError(400, _CODES.get(detail.code or "", "invalid_value"), str(detail), param=param or None)


def shown(key: ApiKey, caps: list[SpendCap]) -> dict[str, Any]:
    """The public face of a key."""
    return {
        "id": key.api_id,
        "name": key.name,
        "prefix": f"{key.prefix}...",
        "last4": key.last4,
        "created": int(key.created_at.timestamp()),
        "lastUsed": int(key.last_used_at.timestamp()) if key.last_used_at else None,
        "state": key.state,
        "project": key.project.api_id,
        "scopes": key.scopes,
        "rpm": key.rpm,
        "allowed_ips": key.allowed_ips,
        "expires_at": _iso(key.expires_at),
        "cap": _shown_cap(caps[0]) if caps else None,
    }


def _shown_cap(cap: SpendCap) -> dict[str, str]:
    uzs = Decimal(cap.limit_micros) / MICROS_PER_UZS
    return {"limit_uzs": f"{uzs:f}", "window": cap.window.name.lower()}


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _cap(fields: dict[str, Any] | None) -> SpendCap | None:
    if fields is None:
        return None
    return SpendCap(int(fields["limit_uzs"] * MICROS_PER_UZS), Window[fields["window"].upper()])


def _project(caller: Caller, api_id: str | None) -> Project:
    """The named project, else the caller's first: a key's own, a person's default one."""
    for project in caller.projects():
        if api_id is None or project.api_id == api_id:
            return project
    raise InvalidField("project", "There is no such project.")


def _asked(fields: dict[str, Any], parent: ApiKey | None) -> KeyRequest:
    return KeyRequest(
        name=fields["name"],
        rpm=fields.get("rpm", parent.rpm if parent else None),
        allowed_ips=tuple(fields.get("allowed_ips", parent.allowed_ips if parent else ())),
        scopes=tuple(fields.get("scopes", (Scope.INFERENCE.value,))),
        expires_at=fields.get("expires_at", parent.expires_at if parent else None),
    )
