"""The sixteen faults of Failover Bench (S01–S16) in both modes, over two caller and two upstream dialects.

Before the first byte the next endpoint answers and is paid; after it the stream ends in a clean error event.
A minute of silence is a second at a gateway of its own. Health is in test_health.py.
"""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.factories import Caller, make_caller
from tests.live.client import directive, send, stream
from tests.live.test_leaving import IN, OUT, outcome
from tests.processes import Gateway
from tests.stack import Stack

MODEL = "test/any"
PROMPT, ANSWER = 9, 6
TEXT = "salom dunyo oʻzbek tilida javob тест "
PRICES = {"alpha": (IN, OUT), "claude": (3 * IN, 5 * OUT), "gem": (2 * IN, 2 * OUT)}
# Who is asked first (openai's dialect, Anthropic's), and who stands in.
NEXT = {"alpha": "claude", "claude": "alpha"}


@dataclass(frozen=True)
class Said:
    """What a caller got, in either mode. finished: the dialect's own end came."""

    status: int
    text: str = ""
    finish: str | None = None
    finished: bool = False
    error: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)


def _chat_events(seen: list[dict[str, Any]]) -> tuple[str, str | None]:
    choices = [chunk["choices"][0] for chunk in seen if chunk.get("choices")]
    finish = [choice["finish_reason"] for choice in choices if choice.get("finish_reason")]
    return "".join(c["delta"].get("content") or "" for c in choices), finish[-1] if finish else None


def _message_events(seen: list[dict[str, Any]]) -> tuple[str, str | None]:
    deltas = [event["delta"] for event in seen if "delta" in event]
    finish = [delta["stop_reason"] for delta in deltas if delta.get("stop_reason")]
    return "".join(delta.get("text", "") for delta in deltas), finish[-1] if finish else None


def _chat_body(body: dict[str, Any]) -> tuple[str, str | None]:
    (choice,) = body["choices"]
    return choice["message"]["content"] or "", choice["finish_reason"]


def _message_body(body: dict[str, Any]) -> tuple[str, str | None]:
    return "".join(block.get("text", "") for block in body["content"]), body["stop_reason"]


@dataclass(frozen=True)
class Way:
    """A caller's dialect and mode."""

    path: str
    streamed: bool
    events: Callable[[list[dict[str, Any]]], tuple[str, str | None]]
    body: Callable[[dict[str, Any]], tuple[str, str | None]]

    @property
    def is_chat(self) -> bool:
        return self.path.startswith("/v1/chat")

    def ask(self, stack: Stack | Gateway, caller: Caller, body: dict[str, Any]) -> Said:
        """Reads to the end, however it ends."""
        body = {"model": MODEL, "max_tokens": 100} | body
        if not self.streamed:
            reply = send(stack, caller.headers, body, path=self.path)
            found = reply.json()
            if reply.status != 200:
                return Said(reply.status, error=found["error"], headers=reply.headers)
            return Said(200, *self.body(found), finished=True, headers=reply.headers)
        events = stream(stack, caller, path=self.path, **body)
        if events.status != 200:
            return Said(events.status, error=events_error(events), headers=events.headers)
        list(events)
        error = next((event["error"] for event in events.seen if "error" in event), {})
        finished = events.done or any(event.get("type") == "message_stop" for event in events.seen)
        return Said(200, *self.events(events.seen), finished, error, events.headers)


def events_error(events: Any) -> dict[str, Any]:
    """The refusal that came instead of a stream."""
    found: dict[str, Any] = json.loads(events.response.read())["error"]
    events.close()
    return found


CHAT, MESSAGES = "/v1/chat/completions", "/v1/messages"
STREAMS = [Way(CHAT, True, _chat_events, _chat_body), Way(MESSAGES, True, _message_events, _message_body)]
WHOLES = [Way(CHAT, False, _chat_events, _chat_body), Way(MESSAGES, False, _message_events, _message_body)]


def named(way: Way) -> str:
    return ("chat" if way.is_chat else "messages") + ("-stream" if way.streamed else "-whole")


every_way = pytest.mark.parametrize("way", STREAMS + WHOLES, ids=named)
streams = pytest.mark.parametrize("way", STREAMS, ids=named)
wholes = pytest.mark.parametrize("way", WHOLES, ids=named)
firsts = pytest.mark.parametrize("first", sorted(NEXT))


@pytest.fixture(scope="module", autouse=True)
def _the_books_are_right(_running_stack: Stack) -> Iterator[None]:
    yield
    _running_stack.check_ledger()


@pytest.fixture
def caller(stack: Stack) -> Caller:
    return make_caller(balance_uzs=10_000)


def broken(first: str, **faults: Any) -> dict[str, Any]:
    """A request whose first endpoint fails like this; `others`: faults of further ones."""
    others = faults.pop("others", {})
    wishes = {"prompt_tokens": PROMPT, "completion_tokens": ANSWER, "by_provider": {first: faults} | others}
    return {"messages": directive(**wishes), "provider": {"order": [first]}}


def cost(provider: str, output: int = ANSWER) -> int:
    return PROMPT * PRICES[provider][0] + output * PRICES[provider][1]


def settled(caller: Caller) -> dict[str, Any]:
    """The one row of a call, in agreement with the wallet and with one hold."""
    (row,) = outcome(caller, 1)
    assert len(caller.holds()) == 1
    assert (caller.charged(), caller.wallet()["held_micros"]) == (row["cost_micros"], 0)
    return row


def tried(row: dict[str, Any]) -> list[str]:
    return [attempt["provider"] for attempt in row["attempts"]]


def assert_stood_in(caller: Caller, said: Said, first: str) -> dict[str, Any]:
    """The whole answer came from the next endpoint and is paid at its price, to the micro (S16)."""
    assert (said.status, said.text, said.error) == (200, TEXT, {})
    assert said.finished
    row = settled(caller)
    assert tried(row) == [first, NEXT[first]]
    assert (row["provider"], row["status"], row["estimated"]) == (NEXT[first], "ok", False)
    assert row["cost_micros"] == cost(NEXT[first])
    assert said.headers["x-cloudapi-provider"] == NEXT[first]
    assert said.headers["x-cloudapi-attempts"] == "2"
    return row


TOO_LONG = "This model's maximum context length is 8 tokens: prompt is too long."
BEFORE = {
    "S01-429-retry-after": {"fault": "429", "retry_after": "2"},
    "S02-429": {"fault": "429", "retry_after": "none"},
    "S03-500": {"fault": "500"},
    "S04-503": {"fault": "503"},
    "S05-reset": {"fault": "reset"},
    "S10-malformed": {"fault": "malformed_chunk", "fault_at": 0},
    "S12-context": {"fault": "400", "status_code": "context_length_exceeded", "message": TOO_LONG},
}


@every_way
@firsts
@pytest.mark.parametrize("fault", BEFORE)
def test_before_the_first_byte_the_next_endpoint_answers(
    stack: Stack, caller: Caller, way: Way, first: str, fault: str
):
    row = assert_stood_in(caller, way.ask(stack, caller, broken(first, **BEFORE[fault])), first)
    assert row["attempts"][0]["error"]
    assert row["attempts"][0]["ms"] < 5_000


@wholes
@firsts
@pytest.mark.parametrize("fault", ["cut", "cut_reset", "truncated", "empty", "not_json"])
def test_half_of_a_whole_answer_is_none(stack: Stack, caller: Caller, way: Way, first: str, fault: str):
    """S08 without a stream: the provider will bill us for what it made, nobody else."""
    row = assert_stood_in(caller, way.ask(stack, caller, broken(first, fault=fault)), first)
    assert row["provider_cost_nano"] > 0


@pytest.mark.slow
def test_a_silent_stream_is_given_up_in_under_ten_seconds(stack: Stack):
    """S06 and S07, all at once: no answer at all, and a first token that takes twenty seconds."""
    cases = [
        (make_caller(balance_uzs=10_000), way, first, fault)
        for way in STREAMS
        for first in NEXT
        for fault in ({"fault": "silence"}, {"first_ms": 20_000})
    ]
    with ThreadPoolExecutor(len(cases)) as threads:
        answers = list(threads.map(lambda c: c[1].ask(stack, c[0], broken(c[2], **c[3])), cases))
    for (caller, _, first, _), said in zip(cases, answers, strict=True):
        row = assert_stood_in(caller, said, first)
        assert row["attempts"][0]["error"] == "timeout"
        assert row["attempts"][0]["ms"] < 10_000


def test_an_answer_that_stalls_is_given_up(stack: Stack):
    """S09, all at once: a whole answer comes from the next endpoint, a stream ends with what was said."""
    cases = [(make_caller(balance_uzs=10_000), way, first) for way in STREAMS + WHOLES for first in NEXT]
    with stack.another_gateway("stalled", UPSTREAM_IDLE_S="1") as impatient:
        with ThreadPoolExecutor(len(cases)) as threads:
            asked = threads.map(lambda c: c[1].ask(impatient, c[0], broken(c[2], fault="stall")), cases)
            answers = list(asked)
        for (caller, way, first), said in zip(cases, answers, strict=True):
            if not way.streamed:
                row = assert_stood_in(caller, said, first)
                assert row["attempts"][0]["error"] == "stalled"
                assert row["provider_cost_nano"] > 0
            else:
                assert said.error["message"] == "The model's provider stopped sending."
                assert_broken_off(caller, said, first)


def assert_broken_off(caller: Caller, said: Said, first: str) -> None:
    """What came of a stream is part of the answer and paid as what it is; nobody takes it for all of it."""
    assert said.status == 200
    assert said.text
    assert TEXT.startswith(said.text)
    assert said.text != TEXT
    assert not said.finished
    assert said.finish is None
    row = settled(caller)
    assert (tried(row), row["provider"], row["status"]) == ([first], first, "error")
    assert row["estimated"]
    assert row["output_tokens"] > 0
    price, output_price = PRICES[first]
    assert row["cost_micros"] == row["input_tokens"] * price + row["output_tokens"] * output_price


@streams
@firsts
@pytest.mark.parametrize("fault", ["cut", "cut_reset", "truncated", "malformed_chunk", "error_event"])
def test_after_the_first_byte_a_stream_ends_in_an_error(
    stack: Stack, caller: Caller, way: Way, first: str, fault: str
):
    """S08 and S10."""
    said = way.ask(stack, caller, broken(first, fault=fault))
    assert said.error["message"]
    assert said.error["code"] == "upstream_error"
    assert_broken_off(caller, said, first)


@every_way
def test_an_end_without_its_mark_is_an_end(stack: Stack, caller: Caller, way: Way):
    """S11: everything but [DONE]."""
    said = way.ask(stack, caller, broken("alpha", fault="no_done"))
    assert (said.text, said.finished, said.error) == (TEXT, True, {})
    row = settled(caller)
    assert (tried(row), row["cost_micros"]) == (["alpha"], cost("alpha"))


@every_way
def test_a_prompt_too_long_for_all_is_told(stack: Stack, caller: Caller, way: Way):
    """S12: each endpoint is asked once, none twice."""
    fault = BEFORE["S12-context"]
    said = way.ask(stack, caller, broken("alpha", **fault, others={"claude": fault, "gem": fault}))
    assert said.status == 400
    assert "prompt is too long" in said.error["message"]
    row = settled(caller)
    assert (tried(row), row["cost_micros"]) == (["alpha", "claude", "gem"], 0)


@every_way
@firsts
def test_a_filtered_prompt_is_the_callers_affair(stack: Stack, caller: Caller, way: Way, first: str):
    """S13: nobody else is asked, and the reason is passed on."""
    fault = {"fault": "400", "status_code": "content_filter", "message": "Our policy filtered this prompt."}
    said = way.ask(stack, caller, broken(first, **fault))
    assert (said.status, said.error["message"]) == (400, fault["message"])
    row = settled(caller)
    assert (tried(row), row["cost_micros"]) == ([first], 0)


@every_way
@firsts
def test_a_filtered_answer_says_so(stack: Stack, caller: Caller, way: Way, first: str):
    said = way.ask(stack, caller, broken(first, finish="content_filter"))
    assert said.finish == ("content_filter" if way.is_chat else "refusal")
    row = settled(caller)
    assert (tried(row), row["cost_micros"]) == ([first], cost(first))


PREFILL = {"fault": "400", "message": "This model does not support assistant message prefill."}


@every_way
@firsts
def test_a_stand_in_that_takes_no_prefill_is_passed_over(stack: Stack, caller: Caller, way: Way, first: str):
    """S14: the third endpoint answers."""
    body = broken(first, fault="500", others={NEXT[first]: PREFILL})
    body["messages"].append({"role": "assistant", "content": "Salom"})
    said = way.ask(stack, caller, body)
    assert (said.status, said.text, said.finished) == (200, TEXT, True)
    row = settled(caller)
    assert tried(row) == [first, NEXT[first], "gem"]
    assert [attempt["status"] for attempt in row["attempts"]] == [500, 400, 200]
    assert row["cost_micros"] == cost("gem")


@every_way
@firsts
def test_a_stand_ins_refusal_hides_no_outage(stack: Stack, caller: Caller, way: Way, first: str):
    """S14: with nobody left the caller hears of the failure, which may pass, and not of the prefill."""
    others = {NEXT[first]: PREFILL, "gem": PREFILL}
    body = broken(first, fault="504", others=others)
    body["messages"].append({"role": "assistant", "content": "Salom"})
    said = way.ask(stack, caller, body)
    assert said.status == 502
    assert "prefill" not in said.error["message"]
    row = settled(caller)
    assert (row["cost_micros"], row["status"]) == (0, "error")


@every_way
def test_an_only_endpoint_is_asked_once_more(stack: Stack, caller: Caller, way: Way):
    """S01 and S03 with nobody else to ask: after its Retry-After, or after a blip."""
    for run, fault in {"blip": {"fault": "500"}, "wait": {"fault": "429", "retry_after": "1"}}.items():
        wishes = {"run": f"{run}-{named(way)}", "prompt_tokens": PROMPT, "completion_tokens": ANSWER}
        body = {"model": "test/one", "messages": directive(fail_times=1, **wishes, **fault)}
        said = way.ask(stack, caller, body)
        assert (said.status, said.text, said.finished) == (200, TEXT, True)
    blip, wait = outcome(caller, 2)
    assert [attempt["status"] for attempt in (*blip["attempts"], *wait["attempts"])] == [500, 200, 429, 200]
    assert wait["latency_ms"] >= 1_000
    assert caller.charged() == 2 * cost("alpha")


@every_way
def test_a_flapping_endpoint_costs_nobody_anything(stack: Stack, caller: Caller, way: Way):
    """S15 in small: twenty calls, each second one fails at the first endpoint."""
    for turn in range(20):
        body = broken("alpha", **({"fault": "503"} if turn % 2 else {}))
        assert way.ask(stack, caller, body).text == TEXT
    rows = outcome(caller, 20)
    assert [row["provider"] for row in rows] == ["alpha", "claude"] * 10
    assert caller.charged() == 10 * cost("alpha") + 10 * cost("claude")


@every_way
def test_the_receipt_has_each_attempt_and_one_bill(stack: Stack, caller: Caller, way: Way):
    """S16: one hold over three attempts, the price of who answered, the cost of nobody else's failure."""
    said = way.ask(stack, caller, broken("alpha", fault="503", others={"claude": {"fault": "529"}}))
    assert (said.text, said.headers["x-cloudapi-provider"]) == (TEXT, "gem")
    row = settled(caller)
    assert [(a["provider"], a["status"], a["error"]) for a in row["attempts"]] == [
        ("alpha", 503, "http_503"),
        ("claude", 529, "http_529"),
        ("gem", 200, None),
    ]
    assert all(attempt["ms"] >= 0 for attempt in row["attempts"])
    assert row["cost_micros"] == cost("gem")
    assert row["provider_cost_nano"] == (PROMPT * 2_000_000 + ANSWER * 6_000_000) // 1_000
    assert [reason["provider"] for reason in row["route"]] == ["alpha", "claude", "gem"]
