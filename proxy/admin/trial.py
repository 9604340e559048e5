"""The page of an operator's test call: it asks first, calls on POST, shows what came and logs that it did.

A film is shown on a page of its own (?film=…) that looks again until the job is over.
"""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.admin.options import ModelAdmin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from billing.money import exact_uzs
from proxy.admin.trial_facts import facts_of, facts_of_film
from proxy.models import EndpointHealth
from proxy.trial import Shooting, Trial, shooting, trial

CHOICES_MAX = 200


@dataclass(frozen=True, slots=True)
class TrialView:
    """?endpoint=ID: that one; ?provider=ID: one of the provider's, to be chosen; &film=ID: its film."""

    owner: "ModelAdmin[EndpointHealth]"

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not self.owner.has_change_permission(request):
            return HttpResponse(status=403)
        rows = self._choices(request)
        wanted = request.POST.get("endpoint") or request.GET.get("endpoint") or ""
        chosen = next((row for row in rows if str(row.pk) == wanted), None)
        if request.method != "POST":
            film = request.GET.get("film")
            return self._page(request, rows, chosen, film=shooting(film) if film else None)
        if chosen is None:
            messages.error(request, _("Choose an endpoint."))
            return self._page(request, rows, None)
        done = trial(chosen)
        self.owner.log_change(request, chosen, f"test call: {_logged(done)}")
        if done.finding.film:
            place = urlencode({"endpoint": chosen.pk, "film": done.finding.film})
            return HttpResponseRedirect(f"{request.path}?{place}")
        return self._page(request, rows, chosen, done=done)

    def _page(
        self,
        request: HttpRequest,
        rows: list[EndpointHealth],
        chosen: EndpointHealth | None,
        *,
        done: Trial | None = None,
        film: Shooting | None = None,
    ) -> HttpResponse:
        context = self.owner.admin_site.each_context(request) | {
            "title": _("Test call"),
            "opts": self.owner.opts,
            "rows": rows,
            "chosen": chosen,
            "off": chosen is not None and not (chosen.is_on and chosen.provider.is_on),
            "facts": facts_of(done) if done else facts_of_film(film) if film else [],
            "answer": done.finding.answer if done else "",
            "waits": film is not None and not film.is_over,
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
    """Status, time and cost, or the film's job, which has both at its end; never what was answered."""
    finding, row = done.finding, done.row
    more = f", {exact_uzs(row.cost_micros)} UZS" if row else f", {finding.film}" if finding.film else ""
    return f"{finding.status} {finding.error}".strip() + f", {finding.latency_ms} ms{more}"
