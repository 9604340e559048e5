"""The list of keys: found by name, project, or how a key begins and ends; in any order; as a file."""

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar, Final

from django import forms
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Lower
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.access import Caller, reachable_keys
from accounts.models import ApiKey, Project
from billing.money import exact_uzs
from dashboard.keys import caps_of, fill_last_use
from dashboard.lists import ListForm, Order
from dashboard.moments import TASHKENT
from dashboard.widgets import LongSelect

STATES: Final = {"active": _("Active"), "expired": _("Expired"), "revoked": _("Revoked")}
COLUMNS: Final = (
    *("id", "name", "project", "project_name", "begins_with", "ends_with", "state", "scopes", "rpm"),
    *("allowed_ips", "caps_uzs", "created", "expires", "last_used", "revoked"),
)


class KeysForm(ListForm[ApiKey]):
    """Keys by a project, of those that the caller has, and a text."""

    OFFERED: ClassVar[Mapping[str, None]] = {}  # what a project must be, to be offered

    project = forms.ModelChoiceField(
        Project.objects.none(),
        label=_("Project"),
        required=False,
        empty_label=_("All projects"),
        to_field_name="public_id",
        widget=LongSelect,
    )

    def __init__(self, caller: Caller, said: QueryDict) -> None:
        super().__init__(said)
        field = self.fields["project"]
        assert isinstance(field, forms.ModelChoiceField)
        projects = Project.objects.filter(organization=caller.organization, **self.OFFERED)
        field.queryset = projects.order_by("-is_default", "name")
        self.read()

    def narrow(self, rows: QuerySet[ApiKey]) -> QuerySet[ApiKey]:
        """Keys of this project and text."""
        if project := self.said.get("project"):
            rows = rows.filter(project=project)
        return rows.filter(with_text(self.said["q"])) if "q" in self.said else rows


class KeyList(KeysForm):
    """Keys of the caller's reach."""

    ORDERS: ClassVar[Mapping[str, Order]] = {
        "state": Order(_("Usable first"), (F("revoked_at").desc(nulls_first=True), "-pk")),
        "name": Order(_("Name, A to Z"), (Lower("name"), "pk")),
        "-name": Order(_("Name, Z to A"), (Lower("name").desc(), "-pk")),
        "-created": Order(_("Newest first"), ("-created_at", "-pk")),
        "created": Order(_("Oldest first"), ("created_at", "pk")),
        "-used": Order(_("Used last first"), (F("last_used_at").desc(nulls_last=True), "-pk")),
        "used": Order(_("Longest unused first"), (F("last_used_at").asc(nulls_first=True), "pk")),
    }

    state = forms.ChoiceField(
        label=_("State"), choices=[("", _("Any state")), *STATES.items()], required=False, widget=LongSelect
    )

    def narrow(self, rows: QuerySet[ApiKey]) -> QuerySet[ApiKey]:
        """Keys of this state, project and text."""
        if state := self.said.get("state"):
            rows = rows.filter(_of_state(state))
        return super().narrow(rows)


def _of_state(state: str) -> Q:
    over = Q(expires_at__lte=timezone.now())
    if state == "revoked":
        return Q(revoked_at__isnull=False)
    return Q(revoked_at=None) & (over if state == "expired" else ~over | Q(expires_at=None))


def with_text(text: str) -> Q:
    """A key is known by its name, its project's, or what the list shows of it: cap-AbCd…WxYz."""
    begins, dots, ends = text.partition("…")
    if dots:
        return Q(prefix__startswith=begins, last4__endswith=ends)
    named = Q(name__icontains=text) | Q(project__name__icontains=text)
    return named | Q(prefix__startswith=text) | Q(last4=text)


def file_rows(caller: Caller, form: KeyList) -> Iterator[Sequence[object]]:
    """The keys that the filter lets through, in order of COLUMNS. Times are Tashkent's, caps exact so'm."""
    found = list(form.rows(reachable_keys(caller)))
    fill_last_use(caller.organization, found)
    caps = caps_of(found)
    for key in found:
        limits = (f"{exact_uzs(cap.limit_micros)}/{cap.window.name.lower()}" for cap in caps.get(key.pk, []))
        moments = (key.created_at, key.expires_at, key.last_used_at, key.revoked_at)
        yield (
            *(key.api_id, key.name, key.project.api_id, key.project.name, key.prefix, key.last4, key.state),
            *(" ".join(key.scopes), key.rpm, " ".join(key.allowed_ips), " ".join(limits)),
            *(at and at.astimezone(TASHKENT).isoformat(timespec="seconds") for at in moments),
        )
