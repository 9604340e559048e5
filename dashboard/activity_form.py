"""The filter of the activity page: what stands in its address becomes activity.Filters."""

from datetime import datetime, timedelta
from typing import Any, ClassVar, Final

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from accounts.access import Caller
from accounts.models import ApiKey, Project
from dashboard.activity import Filters
from dashboard.forms import STATUSES, DayField
from dashboard.moments import TASHKENT, midnight
from dashboard.usage import models_used
from dashboard.widgets import LongSelect
from proxy.routes import BILLABLE
from routing.models import Endpoint, ModelName, Provider
from routing.names import fold

DEFAULT_RANGE: Final = "7d"
RANGES: Final = {
    "1h": _("Last hour"),
    "24h": _("Last 24 hours"),
    "7d": _("Last 7 days"),
    "30d": _("Last 30 days"),
    "90d": _("Last 90 days"),
    "all": _("All time"),
}
# Where each kind of call is made; the first address of a kind is its own.
ADDRESSES: Final = {route.surface: path for path, route in reversed(BILLABLE.items())}
_LENGTHS: Final = {
    "1h": timedelta(hours=1),
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
    "90d": timedelta(days=90),
    "365d": timedelta(days=365),
}


class ActivityForm(forms.Form):
    """Days, where one is named, are worth more than the range."""

    RANGE: ClassVar[str] = DEFAULT_RANGE  # where none is asked for

    range = forms.ChoiceField(
        label=_("Time"), choices=list(RANGES.items()), required=False, widget=LongSelect
    )
    since = DayField(label=_("From"))
    until = DayField(label=_("To"))
    project = forms.ModelChoiceField(
        Project.objects.none(),
        label=_("Project"),
        required=False,
        empty_label=_("All projects"),
        widget=LongSelect,
    )
    key = forms.ModelChoiceField(
        ApiKey.objects.none(), label=_("Key"), required=False, empty_label=_("All keys"), widget=LongSelect
    )
    model = forms.CharField(label=_("Model"), max_length=200, required=False)
    provider = forms.ModelChoiceField(
        Provider.objects.none(),
        label=_("Provider"),
        required=False,
        empty_label=_("All providers"),
        to_field_name="slug",
        widget=LongSelect,
    )
    kind = forms.ChoiceField(
        label=_("Address"),
        choices=[("", _("All addresses")), *((kind, path) for kind, path in ADDRESSES.items())],
        required=False,
        widget=LongSelect,
    )
    status = forms.ChoiceField(
        label=_("Status"),
        choices=[("", _("Any status")), *STATUSES.items()],
        required=False,
        widget=LongSelect,
    )
    text = forms.CharField(label=_("Request ID begins with"), max_length=40, required=False)

    def __init__(self, caller: Caller, said: QueryDict) -> None:
        shown = said.copy()
        shown.setdefault("range", self.RANGE)  # what is in force is what is chosen in the form
        super().__init__(shown)
        self.organization = organization = caller.organization
        # Only what their names are made of: there may be a thousand keys.
        keys = ApiKey.objects.filter(project__organization=organization).order_by("name", "pk")
        projects = Project.objects.filter(organization=organization).order_by("-is_default", "name")
        sources = {
            "key": keys.only("name", "prefix", "last4", "studio"),
            "project": projects.only("name"),
            "provider": Provider.objects.order_by("name").only("name", "slug"),
        }
        for name, rows in sources.items():
            field = self.fields[name]
            assert isinstance(field, forms.ModelChoiceField)
            field.queryset = rows

    def filters(self, now: datetime | None = None) -> Filters:
        """The narrowing asked for; fields with a mistake narrow nothing."""
        self.full_clean()
        data = getattr(self, "cleaned_data", {})
        since, until = _bounds(data, now or datetime.now(TASHKENT), self.RANGE)
        provider = data.get("provider")
        return Filters(
            since=since,
            until=until,
            projects=_one(data.get("project")),
            keys=_one(data.get("key")),
            models=self._models(data.get("model") or "", since, until),
            endpoints=_endpoints_at(provider) if provider else None,
            kinds=(data["kind"],) if data.get("kind") else None,
            statuses=(data["status"],) if data.get("status") else None,
            text=data.get("text") or "",
        )

    @property
    def narrows(self) -> bool:
        """Whether any field but the time says something."""
        return any(self.data.get(name) for name in self.fields if name != "range")

    def _models(self, typed: str, since: datetime | None, until: datetime | None) -> tuple[str, ...] | None:
        """Those in use whose id or another name has the text in it; a strategy's tags don't count.

        A whole id is that model's alone, however other ones go on from it.
        """
        text = typed.partition("@")[0].strip()
        if not text:
            return None
        used = models_used(self.organization, since, until)
        if text in used:
            return (text,)
        named = ModelName.objects.filter(folded__contains=fold(text), model__slug__in=used)
        meant = set(named.values_list("model__slug", flat=True))
        return tuple(model for model in used if text.casefold() in model.casefold() or model in meant)


def _bounds(data: dict[str, Any], now: datetime, usual: str) -> tuple[datetime | None, datetime | None]:
    if data.get("since") or data.get("until"):
        since = midnight(data["since"]) if data.get("since") else None
        until = midnight(data["until"] + timedelta(days=1)) if data.get("until") else None
        return since, until
    if data.get("text"):
        return None, None  # an id is looked for wherever it is
    length = _LENGTHS.get(data.get("range") or usual)
    return (whole(now - length, length), None) if length else (None, None)


def _one(found: Project | ApiKey | None) -> tuple[int, ...] | None:
    return None if found is None else (found.pk,)


def whole(moment: datetime, length: timedelta) -> datetime:
    """The minute, hour or Tashkent day of the moment, whichever a range of this length counts in."""
    local = moment.astimezone(TASHKENT)
    if length <= timedelta(hours=2):
        return local.replace(second=0, microsecond=0)
    if length <= timedelta(days=7):
        return local.replace(minute=0, second=0, microsecond=0)
    return midnight(local.date())


def _endpoints_at(provider: Provider) -> tuple[int, ...]:
    return tuple(Endpoint.objects.filter(provider=provider).values_list("pk", flat=True))
