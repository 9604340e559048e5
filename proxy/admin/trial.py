"""The page of an operator's test call: it asks first, calls on POST, shows what came and logs that it did."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.contrib.admin.options import ModelAdmin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from billing.money import exact_uzs
from proxy.models import EndpointHealth
from proxy.trial import NO_QUESTION, NOT_ON_SALE, Trial, trial

CHOICES_MAX = 200
_NANO = 1_000_000_000


@dataclass(frozen=True, slots=True)
class TrialView:
    """?endpoint=ID: that one; ?provider=ID: one of the provider's, to be chosen."""

    owner: "ModelAdmin[EndpointHealth]"

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not self.owner.has_change_permission(request):
            return HttpResponse(status=403)
        rows = self._choices(request)
        wanted = request.POST.get("endpoint") or request.GET.get("endpoint") or ""
        chosen = next((row for row in rows if str(row.pk) == wanted), None)
        done: Trial | None = None
        if request.method == "POST" and chosen is not None:
            done = trial(chosen)
            self.owner.log_change(request, chosen, f"test call: {_logged(done)}")
        elif request.method == "POST":
            messages.error(request, _("Choose an endpoint."))
        context = self.owner.admin_site.each_context(request) | {
            "title": _("Test call"),
            "opts": self.owner.opts,
            "rows": rows,
            "chosen": chosen,
            "trial": done,
            "facts": _facts(done) if done else [],
        }
        return TemplateResponse(request, "admin/proxy/trial.html", context)

    def _choices(self, request: HttpRequest) -> list[EndpointHealth]:
        given = request.GET
        found = EndpointHealth.objects.filter(retired_at=None).select_related("model", "provider")
        if given.get("provider", "").isdecimal():
            found = found.filter(provider_id=int(given["provider"]))
        elif given.get("endpoint", "").isdecimal():
            found = found.filter(pk=int(given["endpoint"]))
        else:
            return []
        return list(found[:CHOICES_MAX])


def _logged(done: Trial) -> str:
    """Status, time and cost; never what was answered."""
    finding, row = done.finding, done.row
    cost = f", {exact_uzs(row.cost_micros)} UZS" if row else ""
    return f"{finding.status} {finding.error}".strip() + f", {finding.latency_ms} ms{cost}"


def _facts(done: Trial) -> list[tuple[str, str]]:
    finding, row = done.finding, done.row
    facts = [
        (_("Result"), _("answered") if finding.answered else _explained(done)),
        (_("HTTP status"), str(finding.status or "–")),
        (_("Latency"), f"{finding.latency_ms} ms"),
        (_("First token"), f"{finding.ttft_ms} ms" if finding.ttft_ms is not None else "–"),
    ]
    if row is not None:
        facts += _booked(row)
    if finding.call:
        facts.append((_("Request id"), finding.call))
    return facts


def _booked(row: Any) -> list[tuple[str, str]]:
    attempts = "; ".join(
        f"{one['provider']}: {one.get('error') or one.get('status')}, {one.get('ms')} ms"
        for one in row.attempts
    )
    tokens = f"{row.input_tokens} → {row.output_tokens}"
    usd = Decimal(row.provider_cost_nano) / _NANO
    return [
        (_("Attempts"), attempts or "–"),
        (_("Tokens"), f"{tokens} ({_('estimated')})" if row.estimated else tokens),
        (_("Charged to the platform"), f"{exact_uzs(row.cost_micros)} UZS"),
        (_("Provider's cost"), f"${usd:f}"),
    ]


def _explained(done: Trial) -> str:
    finding = done.finding
    if finding.error == NOT_ON_SALE:
        return _("It takes no calls: it is switched off or has no price.")
    if finding.error == NO_QUESTION:
        return _("There is no small test call for models of this kind.")
    if finding.status == 0:
        return _("Our own gateway can't be reached (%(error)s); the endpoint was not asked.") % {
            "error": finding.error
        }
    return f"{finding.error}: {finding.message}" if finding.message else finding.error
