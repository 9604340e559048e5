"""Hosted models over HTTP: which site serves, what is charged while prices move, and outages of sites."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from proxy.receipt import datacenter, find
from routing.energy.markets import Feed, GridNode
from routing.energy.models import DataCentre, Preference, SiteState
from routing.models import CostVersion, Endpoint, Model, ModelName, Provider
from routing.names import fold
from tests.factories import Caller, make_caller
from tests.live.client import Reply, chat, directive, send, stream
from tests.processes import until
from tests.stack import Stack

# 1,000 in and 2,000 out, as in energy.md's test 10; hosted prices have no markup here.
TOKENS = {"prompt_tokens": 1_000, "completion_tokens": 2_000}


@dataclass
class House:
    """A model of this test alone, at sites of this test alone."""

    stack: Stack
    model: Model
    sites: dict[str, Endpoint] = field(default_factory=dict)

    def open(self, name: str, output: str, **more: Any) -> None:
        """One more site, whose price is `output` USD per 10^6 tokens."""
        slug = f"{self.model.slug.partition('/')[2]}-{name}"
        provider = Provider.objects.create(
            slug=slug,
            name=slug,
            dialect="openai",
            hosted=True,
            base_url=f"{self.stack.upstream.url}/p/{slug}/v1",
        )
        feed, _ = Feed.objects.get_or_create(slug="static", defaults={"name": "Contract"})
        node, _ = GridNode.objects.get_or_create(feed=feed, code="contract")
        place = {"place": name, "country": "US", "node": node, "queue_budget_ms": 300}
        DataCentre.objects.create(provider=provider, **place | more)
        self.sites[name] = Endpoint.objects.create(
            model=self.model, provider=provider, upstream_name="llama", markup_kind="hosted", priority=0
        )
        self.ask_for(**{name: output})

    def ask_for(self, **outputs: str) -> list[int]:
        """New prices in one statement, as a tick makes them; their ids in this order."""
        rows = [
            CostVersion(endpoint=self.sites[name], components=components(output), energy={"site": name})
            for name, output in outputs.items()
        ]
        return [row.pk for row in CostVersion.objects.bulk_create(rows)]

    def slug(self, name: str) -> str:
        return self.sites[name].provider.slug

    def drain(self, name: str, *, drained: bool) -> None:
        known = {"at": timezone.now(), "delivered_usd": 300, "state": "fresh", "drained": drained}
        site = DataCentre.objects.get(provider__slug=self.slug(name))
        SiteState.objects.update_or_create(site=site, defaults=known)

    def ask(self, caller: Caller, *, wishes: dict[str, Any] | None = None, **body: Any) -> Reply:
        said = directive(**TOKENS | (wishes or {}))
        return chat(self.stack, caller, model=self.model.slug, max_tokens=2_000, messages=said, **body)

    def at(self, caller: Caller, version: int, **body: Any) -> bool:
        """Whether a call pays by this cost version now; one that was refused doesn't."""
        reply = self.ask(caller, **body)
        return reply.headers.get("x-cloudapi-price-version", "").startswith(f"c{version}.")

    def once(self, caller: Caller, name: str) -> None:
        """Waits until calls go to this site."""
        until(lambda: self.site_of(self.ask(caller)) == name, f"calls at {name}")

    def site_of(self, reply: Reply) -> str:
        return reply.headers.get("x-cloudapi-datacenter", "").rpartition("-")[2]


def components(output: str) -> dict[str, int]:
    nano = int(output.replace(".", "").ljust(5, "0")) * 100_000  # 1.0495 → 10495 tenths of a thousandth
    return {"input": nano // 5, "cached_input": nano // 20, "output": nano}


def micros(output: str) -> int:
    """What TOKENS cost at this price, at 12,000 so'm a dollar."""
    parts = components(output)
    return (1_000 * parts["input"] + 2_000 * parts["output"]) * 12 // 10**6


def located(caller: Caller) -> dict[str, Any]:
    """What the receipt of the last call says of its site."""
    row = find(str(caller.requests()[-1]["id"]), caller.organization.pk)
    found = None if row is None else datacenter(row)
    assert found is not None
    return found


@pytest.fixture
def caller() -> Caller:
    return make_caller(balance_uzs=100_000)


@pytest.fixture
def house(stack: Stack) -> Iterator[House]:
    slug = f"h/{uuid4().hex[:8]}"
    model = Model.objects.create(
        slug=slug,
        name=slug,
        modality="chat",
        category="hosted",
        context_window=128_000,
        capabilities=["tools"],
    )
    ModelName.objects.create(folded=fold(slug), name=slug, model=model)
    found = House(stack, model)
    yield found
    # Other tests choose among all models.
    Provider.objects.filter(pk__in=[one.provider_id for one in found.sites.values()]).update(active=False)


def test_a_call_pays_what_the_cheapest_site_asks_wherever_it_goes(house: House, caller: Caller):
    house.open("a", "1.0495")
    house.open("b", "1.0437")
    Preference.objects.create(model=house.model, endpoint=house.sites["a"], since=timezone.now())
    house.once(caller, "a")
    row = caller.requests()[-1]
    assert row["cost_micros"] == micros("1.0437")
    assert (row["provider"], row["endpoint_id"]) == (house.slug("a"), house.sites["a"].pk)
    assert row["provider_cost_nano"] == 0  # a site of ours bills nobody
    told = located(caller)
    assert (told["id"], told["why"], told["price_of"]) == (house.slug("a"), "preferred", house.slug("b"))
    pinned = house.ask(caller, provider={"only": [house.slug("a")]})
    assert (house.site_of(pinned), located(caller)["why"]) == ("a", "pinned")
    assert caller.requests()[-1]["cost_micros"] == micros("1.0495")
    house.stack.check_ledger()


def test_a_price_that_moves_while_the_answer_is_written_changes_nothing(house: House, caller: Caller):
    house.open("a", "1.0495")
    until(lambda: house.ask(caller).status == 200, "the new model")
    name = uuid4().hex
    said = directive(**TOKENS, chunks=4, hold=name, hold_at="middle")
    events = stream(house.stack, caller, model=house.model.slug, max_tokens=2_000, messages=said)
    assert events.headers["x-cloudapi-datacenter"] == house.slug("a")
    (dearer,) = house.ask_for(a="1.1500")
    other = make_caller(balance_uzs=100_000)
    until(lambda: house.at(other, dearer), "the dearer price")
    house.stack.upstream.release(name)
    events.text()
    assert events.done
    row = until(lambda: caller.requests()[1:] and caller.requests()[-1], "the row")
    assert row["cost_micros"] == micros("1.0495")
    assert row["cost_version"] != dearer
    assert other.requests()[-1]["cost_micros"] == micros("1.1500")


@pytest.mark.parametrize(("then", "charged"), [("1.1000", "1.0495"), ("1.0200", "1.0200")])
def test_a_failover_charges_the_locked_price_or_less(house: House, caller: Caller, then: str, charged: str):
    """Site a fails after the price of b has moved."""
    house.open("a", "1.0495")
    house.open("b", "1.1000")
    Preference.objects.create(model=house.model, endpoint=house.sites["a"], since=timezone.now())
    house.once(caller, "a")
    name, run = uuid4().hex, uuid4().hex
    broken = {house.slug("a"): {"fault": "500", "hold": name}}
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(house.ask, caller, wishes={"run": run, "by_provider": broken})
        until(lambda: house.stack.upstream.waiting(name), "the first attempt")
        (moved,) = house.ask_for(b=then)
        watcher = make_caller(balance_uzs=100_000)
        only = {"only": [house.slug("b")]}
        until(lambda: house.at(watcher, moved, provider=only), "the new price of b")
        house.stack.upstream.release(name)
        reply = asked.result()
    assert (reply.status, house.site_of(reply), reply.headers["x-cloudapi-attempts"]) == (200, "b", "2")
    row = caller.requests()[-1]
    assert row["cost_micros"] == micros(charged)
    assert (row["cost_version"] == moved) is (charged == then)
    assert located(caller)["why"] == "failover"


def test_full_sites_pass_calls_on_and_then_make_them_wait_or_go(house: House, caller: Caller):
    house.open("a", "1.0495", in_flight_max=1)
    house.open("b", "1.0437", in_flight_max=1)
    until(lambda: house.ask(caller).status == 200, "the new model")
    house.once(caller, "b")
    before, name = caller.charged(), uuid4().hex
    with ThreadPoolExecutor(3) as pool:
        held = [pool.submit(house.ask, caller, wishes={"hold": name})]
        until(lambda: house.stack.upstream.waiting(name) == 1, "the first call")
        held.append(pool.submit(house.ask, caller, wishes={"hold": name}))
        until(lambda: house.stack.upstream.waiting(name) == 2, "the second call")
        refused = house.ask(caller)
        assert (refused.status, refused.error["code"]) == (429, "sites_full")
        assert refused.headers["retry-after"] == "2"
        counted = send(
            house.stack,
            caller.headers,
            {"model": house.model.slug, "messages": [{"role": "user", "content": "Salom!"}]},
            path="/v1/messages/count_tokens",
        )
        assert (counted.status, counted.json()["input_tokens"] > 0) == (200, True)  # it takes no place
        DataCentre.objects.filter(provider__slug=house.slug("a")).update(queue_budget_ms=60_000)
        until(lambda: _waits(house, pool, caller, name), "a call that is served after it has waited")
    assert [reply.result().status for reply in held] == [200, 200]
    charged = [row["cost_micros"] for row in caller.requests() if row["status"] == "ok"]
    assert {micros("1.0495"), micros("1.0437")} == set(charged)  # b was full: a's price
    assert caller.charged() - before == sum(charged[-3:])


def _waits(house: House, pool: ThreadPoolExecutor, caller: Caller, name: str) -> bool:
    """Whether a call found no place at first and one after the release; False while the budget is the old."""
    late = pool.submit(house.ask, caller)
    try:
        late.result(timeout=1.5)
    except TimeoutError:
        house.stack.upstream.release(name)
        return late.result().status == 200
    return False


def test_a_drained_site_is_left_until_it_opens_again(house: House, caller: Caller):
    house.open("a", "1.0495")
    house.open("b", "1.0437")
    house.once(caller, "b")
    house.drain("b", drained=True)
    house.once(caller, "a")
    assert caller.requests()[-1]["cost_micros"] == micros("1.0495")
    assert caller.requests()[-1]["route"][-1]["rejected"] == "site_drained"
    house.drain("a", drained=True)
    refused = until(lambda: reply if (reply := house.ask(caller)).status != 200 else None, "all drained")
    assert (refused.status, refused.error["code"]) == (503, "sites_drained")
    house.drain("b", drained=False)
    house.once(caller, "b")
    assert caller.requests()[-1]["cost_micros"] == micros("1.0437")


def test_a_dead_site_hands_over_at_the_lowest_price(house: House, caller: Caller):
    """Nobody listens at the preferred site; the other one's price was locked as the lowest."""
    house.open("a", "1.0495")
    house.open("b", "1.0437")
    Provider.objects.filter(slug=house.slug("a")).update(base_url="http://127.0.0.1:1/v1")
    Preference.objects.create(model=house.model, endpoint=house.sites["a"], since=timezone.now())
    reply = until(
        lambda: one if (one := house.ask(caller)).headers.get("x-cloudapi-attempts") == "2" else None, "both"
    )
    assert (reply.status, house.site_of(reply)) == (200, "b")
    assert caller.requests()[-1]["cost_micros"] == micros("1.0437")


def test_real_calls_pay_the_lowest_price_while_prices_move(house: House):
    """Each pair of prices is one statement, so every call sees one pair whole and pays its lower one."""
    house.open("a", "1.0000")
    house.open("b", "1.1000")
    callers = [make_caller(balance_uzs=100_000) for _ in range(3)]
    until(lambda: house.ask(callers[0]).status == 200, "the new model")
    moved, stop = house.ask_for(a="1.0000", b="1.1000"), threading.Event()
    until(lambda: house.at(callers[0], moved[0]), "the first pair")
    allowed = {moved[0]: micros("1.0000")}

    def call(caller: Caller) -> None:
        while not stop.is_set():
            house.ask(caller)

    with ThreadPoolExecutor(len(callers)) as pool:
        running = [pool.submit(call, caller) for caller in callers[1:]]
        for a, b in (("1.0500", "1.0400"), ("1.0100", "1.0300")):
            pair = house.ask_for(a=a, b=b)
            lowest = min((a, pair[0]), (b, pair[1]))
            allowed[lowest[1]] = micros(lowest[0])
            until(lambda version=lowest[1]: house.at(callers[0], version), "the next pair")  # type: ignore[misc]
        stop.set()
        for one in running:
            one.result()
    rows = [row for caller in callers[1:] for row in caller.requests()]
    assert {row["status"] for row in rows} == {"ok"}
    assert {row["cost_version"] for row in rows} <= set(allowed)
    assert all(row["cost_micros"] == allowed[row["cost_version"]] for row in rows)
    assert len({row["cost_version"] for row in rows}) > 1
    house.stack.check_ledger()
