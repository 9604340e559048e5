"""Streams that break after their first byte where the caller wishes for rescue: another endpoint goes on.

The caller sees one answer and pays for each token once; both providers are owed what they bill. What needs a
minute of silence is in tests/proxy/test_rescue.py.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from proxy import tokens
from proxy.surfaces import SURFACES
from tests.factories import Caller, make_caller
from tests.live.callers import NEARS, Near
from tests.live.client import Events, directive, get, stream
from tests.live.test_crash import BROKEN, bury_the_dead, orphan_micros, settled
from tests.live.test_leaving import IN, OUT, outcome
from tests.processes import until
from tests.stack import Stack

MODEL = "test/relay"
PROMPT, ANSWER, BEGUN = 9, 6, 2
TEXT = "salom dunyo oʻzbek tilida javob тест "
SAID = "salom dunyo "
# Micros and nano-USD per token: (input, output).
PRICES = {"alpha": (IN, OUT), "claude": (3 * IN, 5 * OUT), "gem": (2 * IN, 2 * OUT)}
PRICES |= {"pollen": (4 * IN, 4 * OUT // 3), "beta": (IN // 2, 2 * OUT // 3)}
COSTS = {"alpha": (1_000, 3_000), "claude": (3_000, 15_000), "gem": (2_000, 6_000), "pollen": (4_000, 4_000)}
COSTS |= {"beta": (500, 2_000)}
PAIRS = ["alpha-claude", "claude-alpha", "alpha-gem", "gem-beta", "gem-claude", "claude-gem", "pollen-beta",
         "beta-pollen"]  # fmt: skip
TELLS_PROMPT = {"claude", "gem"}

each_caller = pytest.mark.parametrize("near", NEARS, ids=lambda near: near.kind)


@pytest.fixture(scope="module", autouse=True)
def _the_books_are_right(_running_stack: Stack) -> Iterator[None]:
    yield
    _running_stack.check_ledger()


@pytest.fixture
def caller(stack: Stack) -> Caller:
    return make_caller(balance_uzs=10_000)


def wishing(run: str, *slugs: str, **faults: dict[str, Any]) -> dict[str, Any]:
    """The text and the wishes of a call that goes to these providers, which fail like this."""
    wishes = {"run": run, "prompt_tokens": PROMPT, "completion_tokens": ANSWER, "by_provider": faults}
    return {
        "text": directive(**wishes)[0]["content"],
        "more": {"model": MODEL, "provider": {"only": slugs, "order": slugs, "rescue": True}},
    }


def ask(stack: Stack, caller: Caller, near: Near, asked: dict[str, Any]) -> Events:
    return stream(stack, caller, path=near.path, **near.body(asked["text"], "") | asked["more"])


def estimate(near: Near, asked: dict[str, Any]) -> int:
    """Tokens of the prompt, where no provider has counted it."""
    body = near.body(asked["text"], "") | asked["more"] | {"stream": True}
    return SURFACES[near.kind].parse(json.dumps(body).encode(), {}).input_estimate


def begun_tokens(slug: str) -> int:
    """What the first part counts: Gemini reports as it goes."""
    return BEGUN if slug == "gem" else tokens.count(SAID)


def prompt_tokens(first: str) -> int:
    """Once: as the first one counted it, else what the second read beside the first one's words."""
    return PROMPT if first in TELLS_PROMPT else max(PROMPT + BEGUN - tokens.count(SAID.rstrip()), 1)


def shared(first: str, after: str, prompt: int, begun: int, rest: int) -> int:
    """The prompt at who finished, each part at who said it, never more than the dearer one alone."""
    (dear_in, dear_out), (price_in, price_out) = PRICES[first], PRICES[after]
    alone = [prompt * dear_in + (begun + rest) * dear_out, prompt * price_in + (begun + rest) * price_out]
    return min(prompt * price_in + begun * dear_out + rest * price_out, max(alone))


def row_of(caller: Caller) -> dict[str, Any]:
    """The one row of a call, in agreement with the wallet and with one hold."""
    (row,) = outcome(caller, 1)
    assert len(caller.holds()) == 1
    assert (caller.charged(), caller.wallet()["held_micros"]) == (row["cost_micros"], 0)
    assert row["cost_micros"] <= row["hold_micros"]
    return row


def assert_rescued(stack: Stack, caller: Caller, near: Near, asked: dict[str, Any], pair: str) -> None:
    """The row, to the micro and the nano-dollar, and the upstream's journal."""
    run = json.loads(asked["text"])["upstream"]["run"]
    first, after = pair.split("-")
    begun, rest, prompt = begun_tokens(first), ANSWER - BEGUN, prompt_tokens(first)
    row = row_of(caller)
    assert (row["status"], row["provider"], row["finish_reason"]) == ("ok", after, "stop")
    parts = [(a["provider"], a.get("output_tokens")) for a in row["attempts"]]
    assert parts == [(first, begun), (after, rest)]
    assert row["attempts"][0]["error"]
    assert row["attempts"][1]["error"] is None
    assert (row["input_tokens"], row["output_tokens"]) == (prompt, begun + rest)
    assert row["cost_micros"] == shared(first, after, prompt, begun, rest)
    one, two = stack.upstream.finished(run, 2)
    assert (one["provider"], two["provider"]) == (first, after)
    assert two["completion_tokens"] == rest
    if one["fault"] != "malformed_chunk":  # after which it goes on to the end
        assert one["produced_tokens"] == BEGUN
    assert two["prompt_tokens"] == PROMPT + BEGUN
    bounds = [body_bound(entry["body"]) for entry in (one, two)]
    assert bounds[0] - bounds[1] == begun
    read = PROMPT if first in TELLS_PROMPT else estimate(near, asked)
    owed = read * COSTS[first][0] + begun * COSTS[first][1]
    owed += two["prompt_tokens"] * COSTS[after][0] + rest * COSTS[after][1]
    assert row["provider_cost_nano"] == owed


def body_bound(body: dict[str, Any]) -> int:
    """The most that an upstream was asked to say."""
    names = ("max_tokens", "max_completion_tokens")
    found = [body[name] for name in names if name in body]
    return int(found[0] if found else body["generationConfig"]["maxOutputTokens"])


@pytest.mark.parametrize("pair", PAIRS)
@each_caller
def test_another_dialect_goes_on(stack: Stack, caller: Caller, near: Near, pair: str):
    """One stream in the caller's dialect, as strict readers take it, without a word lost or told twice."""
    first, after = pair.split("-")
    asked = wishing(f"rescue-{near.kind}-{pair}", first, after, **{first: {"fault": "cut"}})
    told = near.streamed(ask(stack, caller, near, asked))
    assert (told.text, told.finish, told.calls) == (TEXT, "stop", [])
    assert told.input == prompt_tokens(first)
    assert told.output == begun_tokens(first) + ANSWER - BEGUN
    assert_rescued(stack, caller, near, asked, pair)


@pytest.mark.parametrize("fault", ["cut_reset", "truncated", "malformed_chunk", "error_event"])
@pytest.mark.parametrize("pair", ["alpha-claude", "claude-alpha"])
@each_caller
def test_however_it_broke(stack: Stack, caller: Caller, near: Near, pair: str, fault: str):
    first, after = pair.split("-")
    asked = wishing(f"rescue-{near.kind}-{pair}-{fault}", first, after, **{first: {"fault": fault}})
    assert near.streamed(ask(stack, caller, near, asked)).text == TEXT
    assert_rescued(stack, caller, near, asked, pair)


@each_caller
def test_the_same_one_goes_on_where_nobody_else_can(stack: Stack, caller: Caller, near: Near):
    """For the price of one whole answer; gamma has no form for it."""
    run = f"rescue-same-{near.kind}"
    asked = wishing(run, "alpha", "gamma", alpha={"fault": "cut", "fail_times": 1})
    told = near.streamed(ask(stack, caller, near, asked))
    assert told.text == TEXT
    row = row_of(caller)
    assert [(a["provider"], a["error"]) for a in row["attempts"]] == [
        ("alpha", "cut"), ("gamma", "unsupported"), ("alpha", None),
    ]  # fmt: skip
    assert row["cost_micros"] == told.input * IN + told.output * OUT


def test_a_chat_stream_keeps_its_id_and_tells_of_the_rescue(stack: Stack, caller: Caller):
    near = NEARS[0]
    asked = wishing("rescue-id", "alpha", "claude", alpha={"fault": "cut"})
    events = ask(stack, caller, near, asked)
    chunks = list(events)
    assert len({chunk["id"] for chunk in chunks}) == len({chunk["created"] for chunk in chunks}) == 1
    assert {chunk["model"] for chunk in chunks} == {MODEL}
    roles = [choice["delta"]["role"] for c in chunks for choice in c["choices"] if "role" in choice["delta"]]
    assert roles == ["assistant"]
    note = chunks[-1]["cloudapi"]
    assert (note["rescued"], note["provider"], note["attempts"]) == (True, "claude", 2)
    assert note["parts"] == [
        {"provider": "alpha", "output_tokens": begun_tokens("alpha")},
        {"provider": "claude", "output_tokens": ANSWER - BEGUN},
    ]
    assert events.headers["x-cloudapi-provider"] == "alpha"


@pytest.mark.parametrize("path", ["/v1/completions", "/api/chat"])
def test_the_other_addresses(stack: Stack, caller: Caller, path: str):
    asked = wishing(f"rescue-{path}", "claude", "beta", claude={"fault": "cut"})
    body = {"messages": [{"role": "user", "content": asked["text"]}]}
    if path == "/v1/completions":
        body = {"prompt": asked["text"]}
    events = stream(stack, caller, path=path, **body | asked["more"])
    choices = [chunk["choices"][0] for chunk in events if chunk["choices"]]
    assert "".join(c.get("text") or c.get("delta", {}).get("content") or "" for c in choices) == TEXT
    assert [c["finish_reason"] for c in choices if c["finish_reason"]] == ["stop"]
    assert events.done
    price = shared("claude", "beta", PROMPT, tokens.count(SAID), ANSWER - BEGUN)
    assert row_of(caller)["cost_micros"] == price


@each_caller
def test_before_its_first_word_anybody_begins_anew(stack: Stack, caller: Caller, near: Near):
    """Nothing to go on with: gamma needs no form, and the whole answer is its own."""
    asked = wishing(f"rescue-new-{near.kind}", "alpha", "gamma", alpha={"fault": "cut", "fault_at": 0})
    assert near.streamed(ask(stack, caller, near, asked)).text == TEXT
    assert row_of(caller)["cost_micros"] == PROMPT * IN + ANSWER * OUT


@pytest.mark.parametrize("wish", [None, True, False])
def test_the_projects_wish_counts_unless_the_caller_says_otherwise(stack: Stack, wish: bool | None):
    caller = make_caller(balance_uzs=1_000)
    caller.project.rescue = True
    caller.project.save()
    asked = wishing(f"rescue-project-{wish}", "alpha", "claude", alpha={"fault": "cut"})
    asked["more"]["provider"]["rescue"] = wish
    events = ask(stack, caller, NEARS[0], asked)
    assert (events.text() == TEXT) == events.done == (wish is not False)
    asked_ones = [attempt["provider"] for attempt in row_of(caller)["attempts"]]
    assert asked_ones == (["alpha"] if wish is False else ["alpha", "claude"])


BEYOND = {
    "reasoning": ({"reasoning": "Hm.", "reasoning_tokens": 1}, {}),
    "tools": ({"tool_calls": [{"name": "weather", "arguments": {"city": "Toshkent"}}]}, {}),
    "schema": ({}, {"response_format": {"type": "json_object"}}),
    "logprobs": ({}, {"logprobs": True}),
    "two answers": ({}, {"n": 2}),
    "a refused request": ({"fault": "error_event", "status_code": "context_length_exceeded"}, {}),
}


@pytest.mark.parametrize("what", BEYOND)
def test_what_nobody_can_go_on_with_ends_in_an_error(stack: Stack, caller: Caller, what: str):
    """As without the wish: the part that came is charged, and the next endpoint isn't asked."""
    wishes, more = BEYOND[what]
    asked = wishing(f"rescue-not-{what}", "alpha", "claude", alpha={"fault": "cut"} | wishes)
    near = NEARS[0]
    events = stream(stack, caller, path=near.path, **near.body(asked["text"], "") | asked["more"] | more)
    assert near.broken(list(events))
    row = row_of(caller)
    assert [a["provider"] for a in row["attempts"]] == ["alpha"]
    assert row["cost_micros"] == row["input_tokens"] * IN + row["output_tokens"] * OUT


@each_caller
@pytest.mark.parametrize("fault", ["500", "400", "cut"])
def test_a_rescue_that_fails_too_ends_in_an_error(stack: Stack, caller: Caller, near: Near, fault: str):
    """What came is charged: of one part, or of both if the second endpoint had begun."""
    first = "alpha" if fault == "cut" else "gamma"  # gamma can't go on itself
    faults = {first: {"fault": "cut"}, "claude": {"fault": fault, "fault_at": 1}}
    asked = wishing(f"rescue-fails-{near.kind}-{fault}", first, "claude", **faults)
    told = list(ask(stack, caller, near, asked))
    assert near.broken(told)
    text = "".join(map(near.piece, told))
    row = row_of(caller)
    assert (row["status"], row["estimated"]) == ("error", True)
    begun = tokens.count(SAID)
    if fault == "cut":
        assert text == "salom dunyo oʻzbek "
        rest = tokens.count("oʻzbek ")
        assert row["output_tokens"] == begun + rest
        assert row["cost_micros"] == shared("alpha", "claude", row["input_tokens"], begun, rest)
        assert [a["provider"] for a in row["attempts"]] == ["alpha", "claude"]
    else:
        assert text == SAID
        assert row["cost_micros"] == row["input_tokens"] * IN + begun * OUT
        assert [a["provider"] for a in row["attempts"]] == ["gamma", "claude", "gamma"]
        assert row["provider"] == "gamma"


@each_caller
def test_who_leaves_in_the_second_part_pays_for_both(stack: Stack, caller: Caller, near: Near):
    run = f"rescue-leave-{near.kind}"
    faults = {"alpha": {"fault": "cut"}, "claude": {"hold": run, "hold_at": "middle", "fault_at": 1}}
    asked = wishing(run, "alpha", "claude", **faults)
    events = ask(stack, caller, near, asked)
    seen = ""
    while seen != "salom dunyo oʻzbek ":
        seen += near.piece(next(iter(events)))
    events.close()
    _, entry = stack.upstream.finished(run, 2)
    assert entry["client_left"]
    row = row_of(caller)
    begun, rest = tokens.count(SAID), tokens.count("oʻzbek ")
    assert (row["status"], row["output_tokens"]) == ("cancelled", begun + rest)
    assert row["cost_micros"] == shared("alpha", "claude", row["input_tokens"], begun, rest)


def test_a_silent_rescuer_is_passed_over_and_its_prompt_is_our_loss(stack: Stack, caller: Caller):
    faults = {"alpha": {"fault": "cut"}, "claude": {"fault": "empty"}}
    asked = wishing("rescue-third", "alpha", "claude", "gem", **faults)
    assert NEARS[0].streamed(ask(stack, caller, NEARS[0], asked)).text == TEXT
    row = row_of(caller)
    assert [a["provider"] for a in row["attempts"]] == ["alpha", "claude", "gem"]
    begun, prompt = tokens.count(SAID), prompt_tokens("alpha")
    assert row["cost_micros"] == shared("alpha", "gem", prompt, begun, ANSWER - BEGUN)
    guess, carried = estimate(NEARS[0], asked), tokens.count(SAID.rstrip())
    owed = guess * 1_000 + begun * 3_000 + (guess + carried) * 3_000
    assert row["provider_cost_nano"] == owed + (PROMPT + BEGUN) * 2_000 + (ANSWER - BEGUN) * 6_000


def test_kill_in_the_second_part(stack: Stack, caller: Caller):
    """Nobody pays; what both providers will bill is our loss."""
    run = "rescue-killed"
    faults = {"alpha": {"fault": "cut"}, "claude": {"hold": run, "hold_at": "middle", "fault_at": 1}}
    asked = wishing(run, "alpha", "claude", **faults)
    near = NEARS[0]
    with stack.another_gateway("rescue") as gateway:
        body = near.body(asked["text"], "") | asked["more"]
        events = stream(gateway, caller, path=near.path, **body)
        until(lambda: stack.upstream.waiting(run), "the second part")
        gateway.kill_workers()
        with pytest.raises(BROKEN):
            list(events)
        bury_the_dead()
        stack.upstream.release(run)
        spool = gateway.env["SPOOL_DIR"]
    with stack.another_gateway("rescue-replay", SPOOL_DIR=spool):
        until(caller.requests, "the replay of the spool")
        (hold,) = settled(caller)
    assert (hold["state"], caller.charged()) == (2, 0)
    (row,) = caller.requests()
    assert (row["status"], row["provider"], row["attempts"][0]["provider"]) == ("crashed", "claude", "alpha")
    guess, carried = estimate(near, asked), tokens.count(SAID.rstrip())
    nano = guess * 1_000 + tokens.count(SAID) * 3_000 + (guess + carried) * 3_000
    assert orphan_micros(caller) >= nano * 12  # 12,000 so'm a dollar; and what was marked of the second part


def test_the_receipt_shows_both_parts(stack: Stack, caller: Caller):
    asked = wishing("rescue-receipt", "alpha", "claude", alpha={"fault": "cut"})
    events = ask(stack, caller, NEARS[0], asked)
    events.text()
    found = get(stack, f"/v1/generation/{events.headers['x-request-id']}", caller).json()
    assert found["rescued"] is True
    one, two = found["attempts"]
    assert (one["provider"], one["error"], one["output_tokens"]) == ("alpha", "cut", begun_tokens("alpha"))
    assert (two["provider"], two["error"], two["output_tokens"]) == ("claude", None, ANSWER - BEGUN)
    assert (one["output_price_uzs"], two["output_price_uzs"]) == ("37800", "189000")
