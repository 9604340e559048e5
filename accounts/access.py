"""Who may do what: from a request of the control plane to its organization and powers.

Every query for something of a customer starts from membership(request).organization; an id of
somebody else's then looks exactly like a missing one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db.models import F, QuerySet
from django.http import HttpRequest

from accounts.addresses import ip_allowed
from accounts.credentials import pick
from accounts.errors import (
    AccountSuspended,
    IpNotAllowed,
    MissingKey,
    MissingScope,
    NotFound,
    PersonNeeded,
    RoleNotAllowed,
)
from accounts.keys import find_key
from accounts.models import ApiKey, Invitation, Membership, Organization, Project, User
from accounts.roles import Power, may
from accounts.signup import open_personal_organization

__all__ = [
    "ORGANIZATION",
    "Caller",
    "caller",
    "find_all_public",
    "find_caller_key",
    "find_caller_project",
    "find_public",
    "has_credentials",
    "membership",
    "reachable_keys",
    "require_key",
    "signed_in_caller",
]

ORGANIZATION = "organization_id"  # session key: the organization that the person works in now
_KNOWN = "_membership"  # of a request that was asked before


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """An identified caller: a person with a role in the organization, or one of its keys."""

    organization: Organization
    user: User | None = None
    role: str | None = None
    key: ApiKey | None = None

    def may(self, power: Power) -> bool:
        """Whether the role allows it. A key's powers are its scopes, checked before."""
        return self.key is not None or may(self.role, power)

    def require(self, power: Power) -> None:
        """Raises RoleNotAllowed for whom the role doesn't allow it."""
        if not self.may(power):
            raise RoleNotAllowed

    def require_person(self, power: Power) -> None:
        """The same for what no key may do, whatever its scopes. Raises PersonNeeded for a key."""
        if self.key is not None:
            raise PersonNeeded
        self.require(power)

    def projects(self) -> list[Project]:
        """The projects within reach: a key's own, or all of the person's organization."""
        if self.key is not None:
            return [self.key.project]
        return list(self.organization.projects.filter(archived_at=None).order_by("-is_default", "name"))


def has_credentials(request: HttpRequest) -> bool:
    """Whether the request identifies itself by header; its cookies then don't count."""
    return "HTTP_AUTHORIZATION" in request.META or "HTTP_X_API_KEY" in request.META


def require_key(request: HttpRequest, scope: str) -> ApiKey:
    """The request's key, valid, allowed from this address, of an active organization and with the scope.

    Raises CredentialError (nobody) or AccessError (somebody, but not allowed).
    """
    key = find_key(
        pick(_header_values(request, "HTTP_AUTHORIZATION"), _header_values(request, "HTTP_X_API_KEY"))
    )
    if key.project.organization.suspended_at is not None or key.project.archived_at is not None:
        raise AccountSuspended
    if not ip_allowed(request.META.get("REMOTE_ADDR", ""), key.allowed_ips):
        raise IpNotAllowed
    if scope not in key.scopes:
        raise MissingScope(scope)
    return key


def membership(request: HttpRequest) -> Membership:
    """The signed-in person's membership in the organization that the session works in.

    Raises MissingKey when nobody is signed in.
    """
    if not isinstance(request.user, User):
        raise MissingKey
    known: Membership | None = getattr(request, _KNOWN, None)
    if known is None or known.user_id != request.user.pk:
        known = _membership(request, request.user)
        setattr(request, _KNOWN, known)
    return known


def _membership(request: HttpRequest, user: User) -> Membership:
    mine = Membership.objects.select_related("organization", "user").filter(user=user)
    chosen = mine.filter(organization_id=request.session.get(ORGANIZATION, 0)).first()
    found = (
        chosen
        or mine.order_by(F("chosen_at").desc(nulls_last=True), "-organization__is_personal", "pk").first()
    )
    if found is not None:
        return found
    # A user made by a command or in the admin.
    return mine.get(organization=open_personal_organization(user))


def signed_in_caller(request: HttpRequest) -> Caller:
    """The person of the session; keys sent along don't count. For pages. Raises MissingKey."""
    member = membership(request)
    return Caller(organization=member.organization, user=member.user, role=member.role)


def caller(request: HttpRequest, scope: str) -> Caller:
    """By key with the scope if a key was sent, else by session (the view checks CSRF).

    For the management API. Raises CredentialError or AccessError.
    """
    if not has_credentials(request):
        return signed_in_caller(request)
    key = require_key(request, scope)
    return Caller(organization=key.project.organization, key=key, user=key.created_by)


def find_caller_project(caller: Caller, api_id: str) -> Project:
    """A project by its `proj_…` id within the caller's reach. Raises NotFound, for foreign ids too."""
    for project in caller.projects():
        if project.api_id == api_id:
            return project
    raise NotFound


def find_caller_key(caller: Caller, api_id: str) -> ApiKey:
    """A key by its `key_…` id within the caller's reach. Raises NotFound, for foreign ids too."""
    return find_public(reachable_keys(caller), api_id)


def find_public[Row: (ApiKey, Invitation, Membership, Project)](rows: QuerySet[Row], api_id: str) -> Row:
    """The one of these rows that has the public id. Raises NotFound, for nonsense and other kinds too."""
    [found] = find_all_public(rows, [api_id])
    return found


def find_all_public[Row: (ApiKey, Invitation, Membership, Project)](
    rows: QuerySet[Row], api_ids: Sequence[str]
) -> list[Row]:
    """The same for several, in that order: all of them or NotFound."""
    try:
        found = {
            row.api_id: row for row in rows.filter(public_id__in=[i.rpartition("_")[2] for i in api_ids])
        }
        return [found[api_id] for api_id in api_ids]
    except (ValidationError, KeyError):  # not a UUID; not among them
        raise NotFound from None


def reachable_keys(caller: Caller) -> QuerySet[ApiKey]:
    """The keys that the caller may see: of the key's project, or of the person's organization."""
    keys = ApiKey.objects.select_related("project").filter(
        project__organization=caller.organization, studio=False
    )
    return keys.filter(project=caller.key.project) if caller.key is not None else keys


def _header_values(request: HttpRequest, name: str) -> list[str]:
    # Django joins repeated headers with a comma, which no key contains.
    return str(request.META.get(name, "")).split(",")
