"""A hosted model at sites, as plain values: a market, calls to it, and how its sites are doing."""

from dataclasses import dataclass, field, fields, replace
from datetime import date
from types import SimpleNamespace
from typing import Any

import orjson

from billing.rates import MarkupSnap, RatesSnap
from proxy.job import Grant, Job
from proxy.keys import Caller
from proxy.market import Market
from proxy.meter import Usage
from proxy.plan import Plan
from proxy.surfaces import SURFACES
from proxy.wishes import lifted
from routing.snaps import CostSnap, EndpointSnap, SiteSnap
from routing.strategies import NOTHING, Figures
from tests.routing.test_choose import catalog, endpoint, model, provider

# At 1,000 so'm a dollar a nano-USD per 10^6 tokens is a micro per 10^6 tokens.
RATES = RatesSnap(
    version=1,
    fx_id=1,
    micros_per_usd=10**9,
    fx_date=date(2026, 11, 1),
    markups={"hosted": MarkupSnap(1, 0), "margin": MarkupSnap(2, 0)},
)
SITES = ("a", "b", "c", "d")
LONG = "Samarqand haqida. " * 400


@dataclass(kw_only=True)
class Known:
    """What is known of endpoints and sites by their numbers."""

    rests: dict[int, str] = field(default_factory=dict)
    busy: dict[str, str] = field(default_factory=dict)
    readers: int = 0
    all_well: bool = True

    def figures(self, endpoint: int) -> Figures:
        return NOTHING

    def resting(self, endpoint: int) -> str:
        return self.rests.get(endpoint, "")

    def reader(self, prefix: int) -> int:
        return self.readers

    def full(self, site: SiteSnap) -> str:
        return self.busy.get(site.slug, "")


def cost(version: int, output: str) -> CostSnap:
    """A hosted price by its output, in USD per 10^6: input is 0.2 of it, cached input 0.05."""
    nano = round(float(output) * 10_000) * 100_000
    parts = {"input": _shown(nano, 5), "cached_input": _shown(nano, 20), "output": nano}
    return CostSnap(id=version, components=parts)


def _shown(nano: int, share: int) -> int:
    return (nano // share + 50_000) // 100_000 * 100_000


def at_site(
    place: int, output: str, *, version: int = 0, preferred: bool = False, **site: Any
) -> EndpointSnap:
    """The endpoint of the site at this place of SITES: its number is the place + 1."""
    slug, number = SITES[place], place + 1
    said = {
        "place": slug.upper(),
        "country": "US",
        "drained": False,
        "in_flight_max": 8,
        "queue_budget_ms": 1500,
    }
    here = SiteSnap(id=number, slug=slug, endpoints=(number,), **(said | site))
    base = endpoint(number, 1, at=replace(provider(slug), id=number, hosted=True), priority=0)
    return replace(
        base, markup_kind="hosted", cost=cost(version or number, output), site=here, preferred=preferred
    )


def shop(number: int, output: str, priority: int = 1) -> EndpointSnap:
    """Somebody else who sells the model."""
    return replace(endpoint(number, 1, priority=priority), cost=cost(number, output))


def market(*endpoints: EndpointSnap) -> Market:
    return Market(catalog(model("x/llama", *endpoints, context_window=128_000)), RATES, demo=False)


def call(text: str = "Salom", model: str = "x/llama", **body: Any) -> Any:
    sent = {"model": model, "messages": [{"role": "user", "content": text}]} | body
    return lifted(SURFACES["chat"].parse(orjson.dumps(sent), {}))


def planned(here: Market, known: Known | None = None, asked: Any = None) -> Plan:
    nothing: dict[str, Any] = {one.name: None for one in fields(Caller)}
    return here.plan(Caller(**nothing | {"key": 1}), asked or call(), known or Known())


def asked(plan: Plan) -> list[str]:
    return [candidate.endpoint.provider.slug for candidate in plan.candidates]


def rejected(plan: Plan) -> dict[str, str]:
    return {row["provider"]: row["rejected"] for row in plan.reasons if "rejected" in row}


def whys(plan: Plan) -> dict[str, str]:
    return {row["site"]: row["why"] for row in plan.reasons if "why" in row}


def paid(plan: Plan) -> set[int]:
    """The cost versions that its candidates are charged by."""
    return {candidate.price.cost_version for candidate in plan.candidates}


def answered(plan: Plan, usage: Usage) -> Job:
    """The call of this plan once its first candidate has answered."""
    exchange: Any = SimpleNamespace(id="c", gone=False, started=False)
    caller: Any = SimpleNamespace(organization=1, project=1, key=1, builtin=False, anonymous=False, seal=None)
    job: Any = Job(
        SimpleNamespace(), exchange, caller, call(), plan, Grant(100, False, 10**12, plan.candidates), None
    )  # type: ignore[arg-type]
    job.complete(usage, "stop")
    found: Job = job
    return found
