"""Names with tags, and what callers say about models and providers, at every kind of address."""

from typing import Any
from uuid import uuid4

import pytest

from tests.factories import Caller, credit, make_caller
from tests.live.client import Reply, directive, get, send, stream
from tests.live.test_leaving import IN, OUT, outcome
from tests.stack import Stack

CHAT, MESSAGES, API_CHAT, IMAGES = (
    "/v1/chat/completions",
    "/v1/messages",
    "/api/chat",
    "/v1/images/generations",
)
TALKS = (CHAT, MESSAGES, API_CHAT)
talks = pytest.mark.parametrize("path", TALKS)


@pytest.fixture
def caller(stack: Stack) -> Caller:
    return make_caller(balance_uzs=10_000)


def ask(stack: Stack, caller: Caller, path: str = CHAT, *, wishes: Any = None, **body: Any) -> Reply:
    """A call to this address; `wishes`: what its upstream shall do."""
    told = directive(**{"completion_tokens": 2, "prompt_tokens": 9} | (wishes or {}))
    prompt: dict[str, Any] = {"prompt": told[0]["content"]} if path == IMAGES else {"messages": told}
    return send(
        stack,
        caller.headers,
        {"max_tokens": 50} | prompt | body if path != IMAGES else prompt | body,
        path=path,
    )


def served(reply: Reply) -> tuple[str, str]:
    assert reply.status == 200, reply.body
    return reply.headers["x-cloudapi-model"], reply.headers["x-cloudapi-provider"]


# tags


@talks
@pytest.mark.parametrize(
    ("asked", "provider"),
    [
        ("test/three", "alpha"),
        ("test/three@price", "beta"),
        ("Test Three@PRICE@price@Price", "beta"),
        ("T3@price@latency", "beta"),
        ("t3@Latency@PRICE", "beta"),
        ("three of them@token_rate@price@latency", "beta"),
    ],
)
def test_tags_in_any_case_order_and_number(
    stack: Stack, caller: Caller, path: str, asked: str, provider: str
):
    assert served(ask(stack, caller, path, model=asked)) == ("test/three", provider)


@pytest.mark.parametrize(
    ("asked", "provider"), [("test/canvas", "pollen"), ("test/canvas@price", "pollen"), ("@PRICE", "pollen")]
)
def test_tags_for_pictures(stack: Stack, asked: str, provider: str):
    caller = make_caller(balance_uzs=10_000, allowed_models=["test/canvas"])
    assert served(ask(stack, caller, IMAGES, model=asked)) == ("test/canvas", provider)


@talks
@pytest.mark.parametrize("asked", ["@price", "@Latency", "@price@latency", "@token_rate@PRICE@price"])
def test_bare_tags_pick_among_what_the_project_may_use(stack: Stack, path: str, asked: str):
    few = ["test/claude", "test/image", "test/embed"]
    caller = make_caller(balance_uzs=10_000, allowed_models=few)
    reply = ask(stack, caller, path, model=asked)
    assert served(reply) == ("test/claude", "claude")
    assert reply.json()["model"] == "test/claude"


@pytest.mark.parametrize("path", [*TALKS, IMAGES])
def test_bare_price_is_the_cheapest_of_its_kind(stack: Stack, caller: Caller, path: str):
    model, _ = served(ask(stack, caller, path, model="@price"))
    assert model == {IMAGES: model}.get(path, "test/three")


@pytest.mark.parametrize("path", [*TALKS, IMAGES])
@pytest.mark.parametrize("asked", ["test/three@cheapest", "@", "@price@", "@price@@latency", "@cheap"])
def test_an_unknown_tag_names_the_known_ones(stack: Stack, caller: Caller, path: str, asked: str):
    reply = ask(stack, caller, path, model=asked)
    assert (reply.status, reply.error["code"], reply.error["param"]) == (400, "invalid_strategy", "model")
    for tag in ("price", "latency", "token_rate"):
        assert tag in reply.error["message"]
    assert caller.holds() == []


# provider: {…} and models: […]


@talks
@pytest.mark.parametrize(
    ("rules", "provider"),
    [
        ({"order": ["gamma", "beta"]}, "gamma"),
        ({"order": ["nobody", " GAMMA "]}, "gamma"),
        ({"only": ["beta"]}, "beta"),
        ({"ignore": ["alpha"]}, "beta"),
        ({"ignore": ["alpha", "beta"], "sort": "price"}, "gamma"),
        ({"sort": "price"}, "beta"),
        ({"sort": {"by": "price"}}, "beta"),
        ({"max_price": {"prompt": 0.6}}, "beta"),
        ({"max_price": {"prompt": "0.6", "completion": "2.1", "image": None}}, "beta"),
        ({"order": ["gamma"], "allow_fallbacks": False}, "gamma"),
        ({"allow_fallbacks": False, "data_collection": "deny", "quantizations": ["fp8"]}, "alpha"),
        (None, "alpha"),
        ({}, "alpha"),
    ],
)
def test_rules_about_providers(stack: Stack, caller: Caller, path: str, rules: Any, provider: str):
    if rules and isinstance(rules.get("max_price"), dict):
        rules = {**rules, "max_price": {k: v for k, v in rules["max_price"].items() if v is not None}}
    assert served(ask(stack, caller, path, model="test/three", provider=rules))[1] == provider


@pytest.mark.parametrize("path", [*TALKS, IMAGES])
@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({"provider": "alpha"}, "provider"),
        ({"provider": ["alpha"]}, "provider"),
        ({"provider": {"order": "alpha"}}, "provider.order"),
        ({"provider": {"order": ["x"] * 51}}, "provider.order"),
        ({"provider": {"only": [1]}}, "provider.only"),
        ({"provider": {"ignore": {"alpha": True}}}, "provider.ignore"),
        ({"provider": {"allow_fallbacks": "no"}}, "provider.allow_fallbacks"),
        ({"provider": {"sort": "cheapest"}}, "provider.sort"),
        ({"provider": {"sort": ["price"]}}, "provider.sort"),
        ({"provider": {"max_price": 5}}, "provider.max_price"),
        ({"provider": {"max_price": {"prompt": "much"}}}, "provider.max_price.prompt"),
        ({"provider": {"max_price": {"completion": -1}}}, "provider.max_price.completion"),
        ({"provider": {"max_price": {"image": True}}}, "provider.max_price.image"),
        ({"provider": {"max_price": {"prompt": "NaN"}}}, "provider.max_price.prompt"),
        ({"provider": {"max_price": {"prompt": "1e999999999"}}}, "provider.max_price.prompt"),
        ({"provider": {"rescue": 1}}, "provider.rescue"),
        ({"models": "test/one"}, "models"),
        ({"models": [1]}, "models"),
        ({"models": [" "]}, "models"),
        ({"models": ["test/one"] * 4}, "models"),
    ],
)
def test_a_rule_that_makes_no_sense_is_named(stack: Stack, caller: Caller, path: str, wish: Any, field: str):
    model = "test/image" if path == IMAGES else "test/three"
    reply = ask(stack, caller, path, model=model, **wish)
    assert (reply.status, reply.error["param"]) == (400, field), reply.body
    assert caller.holds() == []


@pytest.mark.parametrize(
    "rules",
    [{"only": ["nobody"]}, {"ignore": ["alpha", "beta", "gamma"]}, {"max_price": {"prompt": 0.01}}],
)
def test_rules_that_leave_nobody_say_so(stack: Stack, caller: Caller, rules: Any):
    reply = ask(stack, caller, model="test/three", provider=rules)
    assert (reply.status, reply.error["code"]) == (400, "no_allowed_provider")
    assert (reply.error["param"], caller.holds()) == ("provider", [])
    assert "alpha" in reply.error["message"]


@talks
def test_without_fallbacks_nobody_else_is_asked(stack: Stack, caller: Caller, path: str):
    broken = {"by_provider": {"alpha": {"fault": "503"}}}
    body = {"model": "test/three", "provider": {"allow_fallbacks": False}}
    reply = ask(stack, caller, path, wishes=broken, **body)
    assert reply.status == 503
    assert reply.headers["x-cloudapi-route"].startswith("alpha")
    (row,) = outcome(caller, 1)
    assert {attempt["provider"] for attempt in row["attempts"]} == {"alpha"}
    assert caller.charged() == 0


@talks
def test_further_models_stand_in(stack: Stack, caller: Caller, path: str):
    """The answer names and the bill follows the model that served."""
    broken = {"by_provider": {"alpha": {"fault": "500"}}}
    body = {"model": "test/one", "models": ["test/one", "test/claude", "test/gemini"]}
    reply = ask(stack, caller, path, wishes=broken, **body)
    assert served(reply) == ("test/claude", "claude")
    assert reply.json()["model"] == "test/claude"
    (row,) = outcome(caller, 1)
    assert (row["model"], row["asked"]) == ("test/claude", "test/one")
    assert [reason["model"] for reason in row["route"]] == ["test/one", "test/claude", "test/gemini"]
    assert caller.charged() == 9 * 3 * IN + 2 * 5 * OUT


@talks
def test_further_models_pass_the_same_guards(stack: Stack, path: str):
    caller = make_caller(balance_uzs=10_000, allowed_models=["test/one"])
    foreign = ask(stack, caller, path, model="test/one", models=["test/claude"])
    assert (foreign.status, foreign.error["code"]) == (403, "model_not_allowed")
    unknown = ask(stack, caller, path, model="test/one", models=["nobody/nothing"])
    assert (unknown.status, unknown.error["code"]) == (404, "model_not_found")
    other = ask(stack, make_caller(balance_uzs=100), path, model="test/one", models=["test/image"])
    assert (other.status, other.error["code"]) == (400, "model_not_supported")
    assert caller.holds() == []


@pytest.mark.parametrize(
    ("path", "model"),
    [
        (CHAT, "test/one"),
        (CHAT, "test/claude"),
        (CHAT, "test/gemini"),
        (MESSAGES, "test/claude"),
        (MESSAGES, "test/one"),
        (API_CHAT, "test/one"),
        (IMAGES, "test/image"),
    ],
)
def test_wishes_stay_with_us(stack: Stack, caller: Caller, path: str, model: str):
    run = uuid4().hex
    wish = {"provider": {"sort": "price"}, "models": [model]}
    assert ask(stack, caller, path, wishes={"run": run}, model=f"{model}@price", **wish).status == 200
    (entry,) = stack.upstream.finished(run)
    assert not {"provider", "models"} & set(entry["body"])
    assert "@" not in str(entry["body"].get("model", ""))


def test_counting_keeps_them_too(stack: Stack, caller: Caller):
    run, path = uuid4().hex, f"{MESSAGES}/count_tokens"
    body = {"model": "test/claude", "provider": {"sort": "price"}, "models": ["test/one"]}
    reply = ask(stack, caller, path, wishes={"run": run}, **body)
    assert reply.status == 200
    assert ask(stack, caller, path, model="test/claude", provider=5).status == 400


# reasons


def test_the_route_is_told_on_every_answer(stack: Stack, caller: Caller):
    plain = ask(stack, caller, model="test/three")
    assert plain.headers["x-cloudapi-route"] == "alpha, beta, gamma"
    scored = ask(stack, caller, model="test/three@price", provider={"ignore": ["gamma"]})
    first, second, third = scored.headers["x-cloudapi-route"].split(", ")
    assert first == "beta=1.000"
    assert float(second.removeprefix("alpha=")) > 1
    assert third == "gamma=!ignored"
    one = ask(stack, caller, model="test/one")
    assert one.headers["x-cloudapi-route"] == "alpha"
    rows = outcome(caller, 3)
    assert [len(row["route"]) for row in rows] == [3, 3, 0]
    assert rows[1]["route"][0] | {"endpoint": 0} == {
        "endpoint": 0,
        "provider": "beta",
        "model": "test/three",
        "score": "1.000",
        "estimated": False,
    }


@pytest.mark.parametrize("path", [CHAT, MESSAGES])
def test_the_route_is_told_on_errors_and_streams(stack: Stack, caller: Caller, path: str):
    down = {"by_provider": {name: {"fault": "504"} for name in ("alpha", "beta", "gamma")}}
    failed = ask(stack, caller, path, wishes=down, model="test/three")
    assert (failed.status, failed.headers["x-cloudapi-route"]) == (502, "alpha, beta, gamma")
    refused = ask(stack, caller, path, wishes={"fault": "400"}, model="test/three")
    assert (refused.status, refused.headers["x-cloudapi-route"]) == (400, "alpha, beta, gamma")
    body = {"model": "t3@price", "max_tokens": 50, "messages": directive(completion_tokens=2)}
    events = stream(stack, caller, path=path, **body)
    list(events)
    assert events.headers["x-cloudapi-route"].startswith("beta=1.000, alpha=")


def test_the_receipt_tells_the_route(stack: Stack, caller: Caller):
    reply = ask(stack, caller, model="test/three@price", provider={"ignore": ["gamma"]})
    outcome(caller, 1)
    receipt = get(stack, f"/v1/generation/{reply.headers['x-request-id']}", caller).json()
    assert [(row["provider"], row["rejected"]) for row in receipt["route"]] == [
        ("beta", None),
        ("alpha", None),
        ("gamma", "ignored"),
    ]
    assert receipt["route"][0]["score"] == "1.000"


# the dry run


def foretold(stack: Stack, caller: Caller, **body: Any) -> Any:
    reply = ask(stack, caller, "/v1/route", **body)
    assert reply.status == 200, reply.body
    return reply.json()


def test_a_dry_run_tells_what_a_call_would_do(stack: Stack, caller: Caller):
    run = uuid4().hex
    body = {"model": "Test Three@price", "provider": {"ignore": ["gamma"]}, "wishes": {"run": run}}
    told = foretold(stack, caller, **body)
    assert (told["model"], told["provider"], told["strategies"]) == ("test/three", "beta", ["price"])
    assert [(row["provider"], row["rejected"]) for row in told["candidates"]] == [
        ("beta", None),
        ("alpha", None),
        ("gamma", "ignored"),
    ]
    assert 0 < float(told["estimated_price_uzs"]) < float(told["max_price_uzs"])
    assert (stack.upstream.journal(run), caller.holds(), caller.requests()) == ([], [], [])
    real = ask(stack, caller, **body)
    (row,) = outcome(caller, 1)
    assert row["hold_micros"] == round(float(told["max_price_uzs"]) * 1_000_000)
    assert real.headers["x-cloudapi-provider"] == told["provider"]


def test_a_dry_run_asks_no_wallet(stack: Stack):
    pauper = make_caller()
    told = foretold(stack, pauper, model="test/one", models=["test/claude"])
    assert [row["model"] for row in told["candidates"]] == ["test/one", "test/claude"]
    assert (told["free"], foretold(stack, pauper, model="test/free")["free"]) == (False, True)


def test_who_is_too_dear_for_the_wallet_is_told(stack: Stack):
    """The dry run says how much is held; with exactly that much the dearer ones are passed over."""
    caller = make_caller()
    told = foretold(stack, caller, model="test/three", provider={"only": ["beta"]})
    credit(caller, paid_micros=round(float(told["max_price_uzs"]) * 1_000_000))
    reply = ask(stack, caller, model="test/three")
    assert served(reply) == ("test/three", "beta")
    assert reply.headers["x-cloudapi-route"] == "alpha=!unaffordable, beta, gamma=!unaffordable"
    (row,) = outcome(caller, 1)
    assert [reason.get("rejected") for reason in row["route"]] == ["unaffordable", None, "unaffordable"]
    assert [attempt["provider"] for attempt in row["attempts"]] == ["beta"]


def test_a_dry_run_has_a_window_of_its_own(stack: Stack):
    caller = make_caller(balance_uzs=10_000, rpm=1)
    replies = [ask(stack, caller, "/v1/route", model="test/one") for _ in range(3)]
    assert [reply.status for reply in replies] == [200] * 3
    assert replies[0].headers["x-ratelimit-limit"] == "120"
    assert ask(stack, caller, model="test/one").status == 200
    left = int(replies[-1].headers["x-ratelimit-remaining"])
    drained = [ask(stack, caller, "/v1/route", model="test/one").status for _ in range(left + 1)]
    assert drained == [200] * left + [429]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"model": "nobody/nothing"}, 404, "model_not_found"),
        ({"model": "test/one@cheap"}, 400, "invalid_strategy"),
        ({"model": "test/image"}, 400, "model_not_supported"),
        ({"model": "test/locked"}, 503, "no_endpoint"),
        ({"model": "test/three", "provider": {"only": ["nobody"]}}, 400, "no_allowed_provider"),
        ({"model": "test/three", "provider": []}, 400, "invalid_type"),
        ({"model": "test/three", "messages": []}, 400, None),
        ({}, 400, None),
    ],
)
def test_a_dry_run_is_refused_as_the_call_would_be(
    stack: Stack, caller: Caller, body: Any, status: int, code: str | None
):
    dry, real = ask(stack, caller, "/v1/route", **body), ask(stack, caller, **body)
    assert (dry.status, dry.error) == (real.status, real.error)
    assert dry.status == status
    assert code in (None, dry.error["code"])
