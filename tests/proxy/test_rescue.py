"""Whose streams are rescued, who pays what of them, and one that stalls."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy import pump, watch
from proxy.call import Call, Wishes
from proxy.job import Grant, Job, Part
from proxy.keyring import Keyring
from proxy.meter import Price, Tariff, Usage, priced, shared, total
from proxy.plan import Candidate
from proxy.rescue import is_wished
from proxy.serve import Serving
from proxy.watch import Watch
from tests.proxy.calls import call_of, endpoint_of

ASKED = {"model": "m", "stream": True, "messages": [{"role": "user", "content": "Salom?"}]}
RATE = 12_000_000_000


def candidate(number: int, dialect: str, name: str, prefill: str, prices: tuple[int, int]) -> Candidate:
    endpoint = endpoint_of(name, dialect)
    endpoint = replace(
        endpoint, id=number, provider=replace(endpoint.provider, slug=f"p{number}", prefill=prefill)
    )
    cost = Tariff({"input": prices[0], "output": prices[1]})
    price = Price(
        cost_version=number, fx_rate=1, markup=1, micros_per_usd=RATE, bps=500,
        sale=priced(cost, RATE, 500), base=priced(cost, RATE, 0), cost=cost,
    )  # fmt: skip
    route: Any = SimpleNamespace(
        model=SimpleNamespace(slug="m", context_window=1000), sandbox=False, served="m", answers_as=b'"m"',
        reasons=(), told=b"",
    )  # fmt: skip
    return Candidate(endpoint, price, 10**9, 10**9, route)


OPENAI = candidate(1, "openai", "up", "prefix", (10**9, 3 * 10**9))
CLAUDE = candidate(2, "anthropic", "claude-sonnet-4-5", "turn", (3 * 10**9, 15 * 10**9))


def job_of(call: Call, *candidates: Candidate, rescue: bool = False) -> Job:
    exchange: Any = SimpleNamespace(id="c", gone=False, started=False)
    caller: Any = SimpleNamespace(
        organization=1, project=1, key=1, builtin=False, anonymous=False, rescue=rescue, seal=None
    )
    plan: Any = SimpleNamespace(reasons=(), candidates=candidates, prefix=0)
    grant = Grant(100, False, 10**12, candidates)
    return Job(SimpleNamespace(), exchange, caller, call, plan, grant, None)  # type: ignore[arg-type]


def wishing(rescue: bool | None, **body: Any) -> Call:
    return replace(call_of(ASKED | body), wishes=Wishes(rescue=rescue))


@pytest.mark.parametrize(
    ("wish", "project", "wished"),
    [(None, False, False), (None, True, True), (True, False, True), (False, True, False)],
)
def test_the_callers_wish_comes_before_the_projects(wish: bool | None, project: bool, wished: bool):
    assert is_wished(job_of(wishing(wish), OPENAI, rescue=project)) is wished


@pytest.mark.parametrize(
    "bound",
    [
        {"response_format": {"type": "json_schema"}},
        {"response_format": {"type": "json_object"}},
        {"output_config": {"format": {"type": "json_schema"}}},
        {"text": {"format": {"type": "json_schema"}}},
        {"logprobs": True},
        {"modalities": ["text", "audio"]},
        {"n": 2},
        {"stream": False},
    ],
)
def test_what_two_models_cannot_fill_in_together_is_not_rescued(bound: dict[str, Any]):
    assert not is_wished(job_of(wishing(True, **bound), OPENAI))


def test_plain_forms_are_rescued():
    plain = {"response_format": {"type": "text"}, "text": {"format": {"type": "text"}}, "logprobs": False}
    assert is_wished(job_of(wishing(True, **plain), OPENAI))


prices = st.integers(0, 10**8)
tariffs = st.builds(lambda i, o: Tariff({"input": i, "output": o}), prices, prices)
counts = st.integers(0, 10**6)


@given(counts, counts, counts, tariffs, tariffs)
def test_nobody_pays_more_than_the_dearer_one_alone(
    prompt: int, begun: int, rest: int, one: Tariff, two: Tariff
):
    usage = Usage(input=prompt, output=begun + rest)
    cost = shared(usage, (Usage(output=begun), one), two)
    assert cost <= max(total(usage, one), total(usage, two))
    exact = (
        prompt * two.components["input"] + begun * one.components["output"] + rest * two.components["output"]
    )
    if exact <= min(
        prompt * t.components["input"] + (begun + rest) * t.components["output"] for t in (one, two)
    ):
        assert 0 <= cost * 1_000_000 - exact < 3_000_000
    if one == two:
        assert cost == total(usage, one)


def part(counted: bool, usage: Usage, carried: int = 3) -> Part:
    return Part(OPENAI, usage, counted, "Salom, dun", carried, True)


@pytest.mark.parametrize(
    ("counted", "own", "prompt"),
    [
        (True, Usage(input=23, output=4), 20),  # as the first one counted it
        (True, Usage(input=18, output=4), 18),  # never more than was read
        (False, Usage(input=23, output=4), 20),  # without the first one's words
        (False, Usage(input=2, output=4), 1),
    ],
)
def test_the_prompt_counts_once(counted: bool, own: Usage, prompt: int):
    job = job_of(call_of(ASKED), OPENAI, CLAUDE)
    job.broken = part(counted, Usage(input=20, output=7, estimated=True))
    joint = job.joined(own)
    assert (joint.input, joint.output, joint.estimated) == (prompt, 11, True)
    assert job.billed == own


def test_what_the_cache_gave_is_inside_the_prompt():
    job = job_of(call_of(ASKED), OPENAI, CLAUDE)
    job.broken = part(True, Usage(input=10, output=1))
    joint = job.joined(Usage(input=13, cached=8, cache_write=5, output=1))
    assert (joint.input, joint.cached, joint.cache_write, joint.estimated) == (10, 8, 2, False)


def test_both_providers_are_owed_and_each_token_is_paid_once():
    job = job_of(call_of(ASKED), OPENAI, CLAUDE)
    job.broken, job.chosen, job.delivered = part(True, Usage(input=20, output=7)), CLAUDE, True
    assert (job.room, job.question.said) == (93, "Salom, dun")
    job.usage = job.joined(Usage(input=23, output=4))
    assert job.provider_cost_nano() == 20 * 1_000 + 7 * 3_000 + 23 * 3_000 + 4 * 15_000
    assert job.owed_elsewhere() == {"p1": 20 * 1_000 + 7 * 3_000}
    assert job.price_micros == 20 * 37_800 + 7 * 37_800 + 4 * 189_000
    job.grant = replace(job.grant, hold_micros=1_000)
    assert job.price_micros == 1_000  # whatever is reported, a rescue never takes more than was held


# A stall, over a wire that is written here.

CHUNK = (
    b'data: {"id":"c1","created":1,"object":"chat.completion.chunk","choices":[{"index":0,"delta":%b}]}\n\n'
)
EVENTS = (
    b'event: message_start\ndata: {"type":"message_start","message":{"usage":{"input_tokens":12}}}\n\n'
    b'event: content_block_start\ndata: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}\n\n'  # noqa: E501
    b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"yo"}}\n\n'  # noqa: E501
    b'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":1}}\n\n'  # noqa: E501
    b'event: message_stop\ndata: {"type":"message_stop"}\n\n'
)


class Wire:
    """An opened answer: its pieces, then silence or the end."""

    kind = b""

    def __init__(self, *pieces: bytes, stalls: bool) -> None:
        self._more = list(pieces)
        self._stalls = stalls

    async def more(self) -> bytes:
        if not self._more and self._stalls:
            await asyncio.Event().wait()
        return self._more.pop(0) if self._more else b""

    def close(self) -> None:
        """Nothing is open."""


class Heard:
    """The caller's side."""

    def __init__(self) -> None:
        self.id, self.gone, self.started, self.data = "c", False, False, b""

    async def start_stream(self, headers: Any, kind: bytes) -> None:
        self.started = True

    async def send(self, data: bytes) -> None:
        self.data += data

    end = fail = send


class Floor:
    """As much of the worker as serving needs."""

    def __init__(self, rounds: Watch, wires: dict[int, Wire]) -> None:
        self.watch, self.wires, self.asked = rounds, wires, list[dict[str, Any]]()
        self.idle_s = 0.04
        self.vitals: Any = SimpleNamespace(
            began=lambda endpoint, probe: None, left=lambda endpoint: None, succeeded=lambda *figures: None,
            failed=lambda endpoint, reason, *more: self.failures.append((endpoint, reason)),
            figures=lambda endpoint: SimpleNamespace(ttft_p95_ms=None),
        )  # fmt: skip
        self.keyring = Keyring("redis://127.0.0.1:1/0")
        self.failures: list[tuple[int, str]] = []
        self.lines: list[tuple[Any, ...]] = []
        self.upstream = self.spool = self
        self.order = iter(wires)

    async def open(self, provider: Any, ask: Any, patience_s: float) -> Wire:
        self.asked.append(orjson.loads(ask.body))
        return self.wires[next(self.order)]

    def mark(self, *line: Any) -> None:
        self.lines.append(line)

    again = mark

    def counter(self, call: str) -> Any:
        return lambda events, text_bytes: None

    def failed_over(self, candidate: Candidate) -> Candidate:
        return candidate

    async def settle(self, job: Job) -> int:
        return job.price_micros

    def spawn(self, work: Any) -> None:
        asyncio.ensure_future(work)


@asynccontextmanager
async def quick(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Watch]:
    """A minute of silence passes at once."""
    monkeypatch.setattr(pump, "SILENCE_S", 0.02)
    monkeypatch.setattr(watch, "TICK_S", 0.01)
    rounds = Watch()
    running = asyncio.create_task(rounds.run())
    yield rounds
    running.cancel()


async def test_a_stream_that_stalls_is_gone_on_with(monkeypatch: pytest.MonkeyPatch):
    async with quick(monkeypatch) as rounds:
        begun = CHUNK % b'{"role":"assistant","content":""}', CHUNK % b'{"content":"salom dun"}'
        floor = Floor(rounds, {1: Wire(*begun, stalls=True), 2: Wire(EVENTS, stalls=False)})
        job = job_of(wishing(True), OPENAI, CLAUDE)
        job.exchange = heard = Heard()  # type: ignore[assignment]
        async with asyncio.timeout(30):
            await Serving(floor, job).run()  # type: ignore[arg-type]
    chunks = [orjson.loads(line[6:]) for line in heard.data.split(b"\n") if line.startswith(b"data: {")]
    told = "".join(c["delta"].get("content") or "" for chunk in chunks for c in chunk["choices"])
    assert (told, job.status, heard.data.endswith(b"data: [DONE]\n\n")) == ("salom dunyo", "ok", True)
    assert {chunk["id"] for chunk in chunks} == {"c1"}
    assert floor.failures == [(1, "stalled")]
    assert floor.asked[1]["messages"][-1]["content"][0]["text"] == "salom dun"
    assert [(a.provider, a.error) for a in job.attempts] == [("p1", "stalled"), ("p2", None)]
    assert [line[0] for line in floor.lines] == ["c"]
