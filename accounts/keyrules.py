"""What a key may be: values that any key must have, and that no child is wider than its parent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.addresses import parse_network, within
from accounts.errors import InvalidField, WiderKey
from accounts.models import ApiKey, Organization, Project, Scope

NAME_CHARS_MAX = 100
ALLOWED_IPS_MAX = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRequest:
    """A key as asked for. rpm: requests per minute, None leaves it to the ceilings."""

    name: str
    rpm: int | None = None
    allowed_ips: tuple[str, ...] = ()
    scopes: tuple[str, ...] = (Scope.INFERENCE.value,)
    expires_at: datetime | None = None


def rpm_ceiling(organization: Organization) -> int:
    """The most requests per minute that one key of this organization may have."""
    ceiling: int = organization.key_rpm_max or settings.KEY_RPM_MAX
    return ceiling


def checked(asked: KeyRequest, project: Project) -> KeyRequest:
    """The same request in canonical form. Raises InvalidField."""
    if project.archived_at is not None:
        raise InvalidField("project", _("This project is archived."))
    if asked.expires_at is not None and asked.expires_at <= timezone.now():
        raise InvalidField("expires_at", _("The expiry date must lie in the future."))
    ceiling = rpm_ceiling(project.organization)
    if asked.rpm is not None and not 1 <= asked.rpm <= ceiling:
        raise InvalidField(
            "rpm", _("Requests per minute must be between 1 and %(most)d.") % {"most": ceiling}
        )
    return KeyRequest(
        name=_checked_name(asked.name),
        rpm=asked.rpm,
        allowed_ips=_checked_networks(asked.allowed_ips),
        scopes=_checked_scopes(asked.scopes),
        expires_at=asked.expires_at,
    )


def refuse_wider(child: KeyRequest, project: Project, parent: ApiKey) -> None:
    """A key creates keys only in its own project and only within its own powers. Raises WiderKey.

    Spend caps are billing's: dashboard/keys.py compares those.
    """
    if project.pk != parent.project_id:
        raise WiderKey("project")
    if not set(child.scopes) <= set(parent.scopes):
        raise WiderKey("scopes")
    if parent.rpm is not None and (child.rpm is None or child.rpm > parent.rpm):
        raise WiderKey("rpm")
    if parent.expires_at is not None and (child.expires_at is None or child.expires_at > parent.expires_at):
        raise WiderKey("expires_at")
    if not within(child.allowed_ips, parent.allowed_ips):
        raise WiderKey("allowed_ips")


def _checked_name(name: str) -> str:
    stripped = name.strip()
    if not stripped:
        raise InvalidField("name", _("A key needs a name."))
    if len(stripped) > NAME_CHARS_MAX:
        raise InvalidField("name", _("A name has at most %(most)d characters.") % {"most": NAME_CHARS_MAX})
    if not stripped.isprintable():
        raise InvalidField("name", _("A name can't contain control characters."))
    return stripped


def _checked_networks(networks: Sequence[str]) -> tuple[str, ...]:
    if len(networks) > ALLOWED_IPS_MAX:
        raise InvalidField("allowed_ips", _("At most %(most)d networks.") % {"most": ALLOWED_IPS_MAX})
    return tuple(dict.fromkeys(_checked_network(network) for network in networks))


def _checked_network(network: str) -> str:
    try:
        return str(parse_network(network))
    except ValueError:
        message = _("%(text)s is neither an address nor a CIDR network.") % {"text": repr(network[:50])}
        raise InvalidField("allowed_ips", message) from None


def _checked_scopes(scopes: Sequence[str]) -> tuple[str, ...]:
    unknown = [scope for scope in scopes if scope not in Scope.values]
    if unknown or not scopes:
        raise InvalidField(
            "scopes", _("Scopes are one or more of: %(all)s.") % {"all": ", ".join(Scope.values)}
        )
    return tuple(scope for scope in Scope.values if scope in scopes)
