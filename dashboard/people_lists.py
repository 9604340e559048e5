"""Lists of an organization's members, invitations and projects: searched, ordered, as files."""

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar, Final

from django import forms
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.invitations import GIVEN
from accounts.members import HEIGHT
from accounts.models import Invitation, Membership, Project, Role
from billing.money import exact_uzs
from dashboard.lists import ListForm, Order
from dashboard.moments import TASHKENT
from dashboard.projects import Row

MEMBER_COLUMNS: Final = ("id", "email", "name", "role", "member_since")
INVITATION_COLUMNS: Final = ("id", "email", "role", "state", "invited_by", "sent", "expires")
PROJECT_COLUMNS: Final = (
    *("id", "name", "default", "keys", "allowed_models", "content_log", "today_uzs", "month_uzs", "created"),
)
_NAMED: Final = {
    "name": Order(_("Name, A to Z"), (Lower("name"), "pk")),
    "-name": Order(_("Name, Z to A"), (Lower("name").desc(), "-pk")),
    "-created": Order(_("Newest first"), ("-created_at", "-pk")),
    "created": Order(_("Oldest first"), ("created_at", "pk")),
}


class MemberList(ListForm[Membership]):
    """Members by address, name and role."""

    ORDERS: ClassVar[Mapping[str, Order]] = {
        "role": Order(_("Owners first"), (HEIGHT.desc(), "user__email")),
        "email": Order(_("Address, A to Z"), ("user__email",)),
        "-email": Order(_("Address, Z to A"), (F("user__email").desc(),)),
        "-since": Order(_("Newest first"), ("-created_at", "-pk")),
        "since": Order(_("Oldest first"), ("created_at", "pk")),
    }

    role = forms.ChoiceField(label=_("Role"), choices=[("", _("Any role")), *Role.choices], required=False)

    def narrow(self, rows: QuerySet[Membership]) -> QuerySet[Membership]:
        """Those of this role and text."""
        if role := self.said.get("role"):
            rows = rows.filter(role=role)
        text = self.said.get("q", "")
        return rows.filter(Q(user__email__icontains=text) | Q(user__name__icontains=text)) if text else rows


class InvitationList(ListForm[Invitation]):
    """Invitations by address, role, and whether their links still work."""

    ORDERS: ClassVar[Mapping[str, Order]] = {
        "-created": Order(_("Newest first"), ("-created_at", "-pk")),
        "created": Order(_("Oldest first"), ("created_at", "pk")),
        "email": Order(_("Address, A to Z"), ("email", "pk")),
        "-email": Order(_("Address, Z to A"), (F("email").desc(), "-pk")),
    }

    state = forms.ChoiceField(
        label=_("State"),
        choices=[("", _("Any state")), ("waiting", _("Waiting")), ("expired", _("Expired"))],
        required=False,
    )
    role = forms.ChoiceField(
        label=_("Role"),
        choices=[("", _("Any role")), *((role.value, role.label) for role in GIVEN)],
        required=False,
    )

    def narrow(self, rows: QuerySet[Invitation]) -> QuerySet[Invitation]:
        """Those of this state, role and text."""
        if state := self.said.get("state"):
            over = Q(expires_at__lte=timezone.now())
            rows = rows.filter(over if state == "expired" else ~over)
        if role := self.said.get("role"):
            rows = rows.filter(role=role)
        return rows.filter(email__icontains=self.said["q"]) if "q" in self.said else rows


class ProjectList(ListForm[Project]):
    """Projects by name; `archived` is the tab of the page, which a search stays in."""

    ORDERS: ClassVar[Mapping[str, Order]] = {
        "default": Order(_("Default one first"), ("-is_default", "name", "pk")),
        **_NAMED,
    }

    archived = forms.CharField(required=False, widget=forms.HiddenInput)

    @property
    def narrows(self) -> bool:
        """Whether something is searched for: a tab is no filter."""
        return "q" in self.said

    def narrow(self, rows: QuerySet[Project]) -> QuerySet[Project]:
        """Those whose name has the text."""
        return rows.filter(name__icontains=self.said["q"]) if "q" in self.said else rows


def member_rows(found: QuerySet[Membership]) -> Iterator[Sequence[object]]:
    """In order of MEMBER_COLUMNS."""
    for one in found:
        since = one.created_at.astimezone(TASHKENT).isoformat(timespec="seconds")
        yield one.api_id, one.user.email, one.user.name, one.role, since


def invitation_rows(found: QuerySet[Invitation]) -> Iterator[Sequence[object]]:
    """In order of INVITATION_COLUMNS."""
    for one in found:
        sent, expires = (
            at.astimezone(TASHKENT).isoformat(timespec="seconds") for at in (one.sent_at, one.expires_at)
        )
        by = one.invited_by.email if one.invited_by else ""
        yield one.api_id, one.email, one.role, one.state, by, sent, expires


def project_rows(found: Sequence[Row]) -> Iterator[Sequence[object]]:
    """In order of PROJECT_COLUMNS; amounts are exact so'm."""
    for row in found:
        one = row.project
        models = "all" if one.allowed_models is None else " ".join(one.allowed_models)
        yield (
            *(one.api_id, one.name, one.is_default, row.keys, models, one.content_log),
            *(exact_uzs(row.today_micros), exact_uzs(row.month_micros)),
            one.created_at.astimezone(TASHKENT).isoformat(timespec="seconds"),
        )
