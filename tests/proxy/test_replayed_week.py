"""Seven days of markets at high speed: whatever happens to sites, each call pays what was locked for it, and
never more than the lowest site asked that was open when it came."""

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from proxy.meter import Usage, total
from proxy.sites import BUSY, SitesFull
from routing.energy import pricing
from routing.energy.adapters.replay import between, series
from routing.energy.fleet import SLOT, Fleet, Run, Site, Step
from routing.energy.pricing import HostingTerms, SiteTerms
from routing.energy.smoothing import Point
from routing.snaps import CostSnap, EndpointSnap
from tests.proxy.houses import SITES, Known, answered, at_site, market, planned

MONDAY = datetime(2026, 11, 16, tzinfo=UTC)
TERMS = SiteTerms(pue=Decimal("1.25"), host_factor=Decimal("1.5"), adder_usd=Decimal(25))
LLAMA = HostingTerms(
    gpus=4,
    gpu_hour_usd=Decimal("1.5"),
    joules_per_token=Decimal("0.648"),
    tokens_per_s=3244,
    planned_use=Decimal("0.5"),
)
USAGE = Usage(input=1_234, output=567)


def fleet() -> Fleet:
    """Four sites, each at a node of the week."""
    sites = []
    for place, node in enumerate(series()):
        known = {"feed": "replay", "node": place, "node_code": node, "step": SLOT, "terms": TERMS}
        site = Site(pk=place + 1, provider=place + 1, slug=SITES[place], **known)  # type: ignore[arg-type]
        site.runs.append(Run.of(TERMS, LLAMA, endpoint=place + 1, model=1, in_force={}, is_on=True))
        sites.append(site)
    return Fleet(sites)


def week() -> Iterator[tuple[Fleet, Step]]:
    """Each tick of seven days, with the fleet as it left it."""
    here, codes = fleet(), list(series())
    published = {
        place: {point.end: Point(point.end, point.price) for point in between(code, MONDAY, MONDAY + _WEEK)}
        for place, code in enumerate(codes)
    }
    for number in range(1, int(_WEEK / SLOT) + 1):
        now = MONDAY + number * SLOT
        points = {node: [ends[now]] if now in ends else [] for node, ends in published.items()}
        yield here, here.advance(now, points, lambda node, moment: None)


_WEEK = timedelta(days=7)


def endpoints(here: Fleet, versions: dict[int, int]) -> list[EndpointSnap]:
    """The sites as the catalog would have them after this tick."""
    standing = here.standings.get(1)
    found = []
    for place, site in enumerate(here.sites):
        if site.verdict is None:
            continue
        version = CostSnap(id=versions[place + 1], components=site.runs[0].in_force)
        preferred = standing is not None and standing.endpoint == place + 1
        snap = at_site(place, "1", drained=site.verdict.drained, preferred=preferred)
        found.append(replace(snap, cost=version))
    return found


def test_every_charge_of_a_replayed_week_is_the_locked_price_and_the_lowest_open_sites():
    chance, versions, number = random.Random(7), dict[int, int](), 0
    served: set[str] = set()
    changed = fell = refused = 0
    before: list[EndpointSnap] | None = None
    for here, step in week():
        for cost in step.costs:
            number += 1
            versions[cost.endpoint] = number
        now = endpoints(here, versions)
        if before is not None:
            busy = {slug: "site_full" for slug in SITES if chance.random() < 0.15}
            known = Known(busy=busy, readers=chance.choice([0, 0, 1, 2, 3, 4]))
            opened = [
                one for one in before if one.site and not one.site.drained and one.provider.slug not in busy
            ]
            try:
                plan = planned(market(*before), known)
            except SitesFull:
                assert not opened
                refused += 1
                before = now
                continue
            lowest = min(one.cost.components["output"] for one in opened)
            # The tick comes between admission and the end of the call; then the first site fails.
            job = answered(plan, USAGE)
            assert job.candidate.price.sale.components["output"] == lowest
            assert job.price_micros == total(USAGE, plan.candidates[0].price.sale)
            assert {c.price.cost_version for c in plan.candidates} == {job.row()["cost_version"]}
            assert all(row.get("rejected") in (None, "site_drained", *BUSY) for row in plan.reasons)
            served.add(job.candidate.endpoint.provider.slug)
            changed += before[0].cost.id != now[0].cost.id
            for other in plan.candidates[1:]:
                job.chosen = market(*now).failed_over(other)
                assert job.price_micros <= total(USAGE, plan.candidates[0].price.sale)
                fell += job.candidate.price is not other.price
        before = now
    assert served == set(SITES)
    assert min(changed, fell, refused) > 0  # all of it did happen


def test_the_week_moves_prices_by_electricity_alone():
    """The machines' part stands still; what moves is what the formula makes of the market."""
    fixed = {
        cost.energy["fixed_nano"] for _, step in week() for cost in step.costs if cost.energy["site"] == "a"
    }
    assert fixed == {pricing.to_nano(pricing.capital_part(LLAMA))}
