"""How busy sites are: what inference servers say, how gateways hear of it, and who waits for a place."""

import asyncio
import random
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st

from proxy.checkup import redis
from proxy.relay import planned
from proxy.site_load import LAST_KEY, read_loads
from proxy.sites import SitesFull
from proxy.vitals import Vitals
from routing.energy.load import LOAD_KEY, WAIT_MAX_MS, Load, parse, wait_ms
from routing.energy.markets import Feed, GridNode
from routing.energy.models import DataCentre
from routing.models import Provider
from routing.snaps import SiteSnap

VLLM = """\
# HELP vllm:num_requests_running Number of requests in model execution batches.
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{engine="0",model_name="meta-llama/Llama-3.1-70B-Instruct"} 12.0
vllm:num_requests_running{engine="1",model_name="meta-llama/Llama-3.1-70B-Instruct"} 8.0
vllm:num_requests_waiting{engine="0",model_name="meta-llama/Llama-3.1-70B-Instruct"} 6.0
vllm:num_requests_waiting{engine="1",model_name="meta-llama/Llama-3.1-70B-Instruct"} 0.0
vllm:request_success_total{engine="0",finished_reason="stop",model_name="a"} 1.5e3
vllm:request_success_total{engine="0",finished_reason="length",model_name="a"} 500.0
"""
LLAMA_CPP = """\
# TYPE llamacpp:requests_processing gauge
llamacpp:requests_processing 1
llamacpp:requests_deferred 4
"""
SGLANG = 'sglang:num_running_reqs{model_name="a"} 3.0\nsglang:num_queue_reqs{model_name="a"} 2.0\n'


@pytest.mark.parametrize(
    ("text", "load"),
    [
        (VLLM, Load(6, 20, 2_000)),
        (LLAMA_CPP, Load(4, 1, 0)),
        (SGLANG, Load(2, 3, 0)),
        ("vllm:num_requests_waiting NaN\nvllm:num_requests_running +Inf\n", Load(0, 0, 0)),
        ("Ollama is running", None),
        ("go_goroutines 7\n", None),
        ("", None),
    ],
)
def test_what_servers_say(text: str, load: Load | None):
    assert parse(text) == load


@given(st.text())
def test_junk_is_no_load(text: str):
    found = parse(text)
    assert found is None or min(found.waiting, found.running, found.done) >= 0


@pytest.mark.parametrize(
    ("now", "before", "seconds", "ms"),
    [
        (Load(0, 20, 100), None, 0, 0),
        (Load(12, 20, 150), Load(9, 20, 100), 10, 2_400),  # 5 a second: energy.md's 2.4 s
        (Load(4, 2, 0), None, 0, 10_000),  # nothing is known of the rate: 5 s a place
        (Load(4, 2, 10), Load(0, 0, 500), 5, 10_000),  # the server was started anew
        (Load(10**6, 0, 0), None, 0, WAIT_MAX_MS),
    ],
)
def test_a_wait_is_the_queue_by_the_rate(now: Load, before: Load | None, seconds: float, ms: int):
    assert wait_ms(now, before, seconds) == ms


def site(number: int = 1, **more: int) -> SiteSnap:
    limits = {"in_flight_max": 3, "queue_budget_ms": 1500} | more
    return SiteSnap(id=number, slug="a", place="A", country="US", drained=False, endpoints=(11, 12), **limits)


@pytest.fixture
async def vitals() -> AsyncIterator[Vitals]:
    found = Vitals(settings.REDIS_URL, 5)
    yield found
    found.close()


async def test_all_models_of_a_site_and_all_workers_share_its_places(vitals: Vitals):
    for endpoint in (11, 12, 99):
        vitals.began(endpoint)
    assert vitals.full(site()) == ""
    vitals.workers = 2  # the other one may have as many
    assert vitals.full(site()) == "site_full"
    vitals.left(12)
    assert vitals.full(site()) == ""


async def test_who_waits_for_a_place_is_told_when_a_call_leaves(vitals: Vitals):
    vitals.began(11)
    first, second = asyncio.create_task(vitals.place(60)), asyncio.create_task(vitals.place(60))
    await asyncio.sleep(0)
    vitals.left(11)
    await first
    assert not second.done()
    vitals.began(11)
    vitals.left(11)
    await second
    await vitals.place(0)  # nobody leaves: no longer than was said


@contextmanager
def saying(*texts: str) -> Iterator[str]:
    """A server that answers with these texts, one after the other, then with 500."""
    left = list(texts)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if left else 500)
            self.end_headers()
            self.wfile.write((left.pop(0) if left else "").encode())

        def log_message(self, format: str, *args: object) -> None:
            """Silent."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/metrics"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.django_db
def test_a_queue_closes_a_site_in_every_gateway_and_silence_opens_it_again():
    provider = Provider.objects.create(
        pk=random.SystemRandom().randrange(10**9, 10**12), slug="a", name="A", dialect="openai", hosted=True
    )
    node = GridNode.objects.create(feed=Feed.objects.create(slug="static", name="S"), code="x")
    row = DataCentre.objects.create(provider=provider, place="A", country="US", node=node)
    with saying(LLAMA_CPP, "", LLAMA_CPP.replace("deferred 4", "deferred 0")) as url:
        DataCentre.objects.filter(pk=row.pk).update(metrics_url=url)
        assert read_loads() == 1
        assert asyncio.run(heard(provider.pk)) == "site_queue"
        assert read_loads() == 0  # it says nothing: what was said last counts until it is too old
        assert asyncio.run(heard(provider.pk)) == "site_queue"
        assert read_loads() == 1
        assert asyncio.run(heard(provider.pk)) == ""
        assert read_loads() == 0  # 500
    redis().hset(LOAD_KEY, str(provider.pk), "1000 9000")
    assert asyncio.run(heard(provider.pk)) == ""  # said long ago
    redis().hdel(LOAD_KEY, str(provider.pk))
    redis().hdel(LAST_KEY, str(provider.pk))


async def heard(number: int) -> str:
    """What a gateway thinks of the site after its beat."""
    vitals = Vitals(settings.REDIS_URL, 5)
    try:
        await vitals.beat()
        return vitals.full(site(number))
    finally:
        vitals.close()


class Door:
    """As much of a worker as planning needs: full for so many looks."""

    def __init__(self, vitals: Vitals, looks: int, budget_ms: int = 60_000) -> None:
        self.vitals, self.looks, self.budget_ms, self.seen = vitals, looks, budget_ms, 0
        self.market = self

    def plan(self, *call: object) -> str:
        self.seen += 1
        if self.seen <= self.looks:
            raise SitesFull("m", self.budget_ms)
        return "plan"


async def test_a_call_waits_until_a_site_has_a_place(vitals: Vitals):
    door = Door(vitals, looks=2)
    waiting = asyncio.create_task(planned(door, None, None))  # type: ignore[arg-type]
    for _ in range(2):
        await asyncio.sleep(0)
        vitals.left(11)
    assert await waiting == (door, "plan")


async def test_a_call_waits_no_longer_than_its_sites_allow(vitals: Vitals):
    door = Door(vitals, looks=10**6, budget_ms=0)
    with pytest.raises(SitesFull):
        await planned(door, None, None)  # type: ignore[arg-type]
    assert door.seen == 1
