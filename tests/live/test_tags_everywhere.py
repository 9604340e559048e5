"""Tags, rules and reasons on every billable address: chat in all dialects, pictures, films, sounds, vectors.

A route that is added without them fails here.
"""

import json
from typing import Any

import pytest

from proxy.call import Part
from proxy.dialects import form
from proxy.dry_run import PATHS
from proxy.routes import BILLABLE
from proxy.surfaces import SURFACES
from tests.contract.bodies import BODIES
from tests.factories import Caller, make_caller
from tests.live.client import Reply, get, send
from tests.live.test_leaving import outcome
from tests.stack import Stack
from tests.upstream.pictures import png
from tests.upstream.voice import tone

# Modality → a model and its providers in the operator's order.
SOLD = {
    "chat": ("test/three", ["alpha", "beta", "gamma"]),
    "embedding": ("test/embed", ["alpha", "beta"]),
    "moderation": ("test/moderate", ["alpha"]),
    "image": ("test/canvas", ["pollen", "alpha"]),
    "speech": ("test/speak", ["alpha", "beta"]),
    "transcription": ("test/hear", ["alpha", "beta"]),
    "video": ("test/films", ["alpha", "beta"]),
}
CHEAPEST = {"chat": "beta", "video": "beta"}
FILES = {
    "image_edits": Part("image", "a.png", "image/png", png((8, 8), "x")),
    "transcriptions": Part("file", "a.wav", "audio/wav", tone(1)),
    "translations": Part("file", "a.wav", "audio/wav", tone(1)),
}
every_path = pytest.mark.parametrize("path", PATHS)


def sold_at(path: str) -> tuple[str, list[str]]:
    """The model to ask for, and who serves it there: not everybody has every address."""
    model, providers = SOLD[SURFACES[BILLABLE[path].surface].modality]
    return model, ["alpha"] if BILLABLE[path].surface == "image_edits" else providers


def cheapest(path: str) -> str:
    return CHEAPEST.get(SURFACES[BILLABLE[path].surface].modality, sold_at(path)[1][0])


def ask(stack: Stack, caller: Caller, path: str, to: str = "", **wishes: Any) -> Reply:
    """A good request to this address; to: another one that gets the same body."""
    surface = BILLABLE[path].surface
    if surface not in FILES:
        return send(stack, caller.headers, {**BODIES[surface], **wishes}, path=to or path)
    fields = {name: value if isinstance(value, str) else json.dumps(value) for name, value in wishes.items()}
    kind, raw = form.build({"prompt": "Registon", **fields}, [FILES[surface]])
    return send(stack, caller.headers | {"content-type": kind}, raw, path=to or path)


def dry(stack: Stack, caller: Caller, path: str, **wishes: Any) -> Reply:
    return ask(stack, caller, path, to=f"/v1/route?path={path}", **wishes)


@pytest.fixture
def caller() -> Caller:
    return make_caller(balance_uzs=1_000_000)


@every_path
def test_tags_choose_the_endpoint_and_the_route_says_why(stack: Stack, caller: Caller, path: str):
    model, providers = sold_at(path)
    told = dry(stack, caller, path, model=f"{model}@price@PRICE")
    reply = ask(stack, caller, path, model=f"{model}@price@PRICE")
    assert reply.status == told.status == 200, reply.body
    assert reply.headers["x-cloudapi-provider"] == cheapest(path) == told.json()["provider"]
    scored = dict(row.split("=") for row in reply.headers["x-cloudapi-route"].split(", "))
    assert set(scored) == set(providers)
    assert scored[cheapest(path)] == "1.000"
    assert {row["provider"]: row["score"] for row in told.json()["candidates"]} == scored


@every_path
@pytest.mark.parametrize("tags", ["@price", "@latency@token_rate"])
def test_bare_tags_choose_among_models_of_this_kind(stack: Stack, path: str, tags: str):
    model, _ = sold_at(path)
    others = ["test/one" if model != "test/three" else "test/speak"]
    caller = make_caller(balance_uzs=1_000_000, allowed_models=[model, *others])
    allowed = {model, *others} if SURFACES[BILLABLE[path].surface].modality == "chat" else {model}
    told = dry(stack, caller, path, model=tags)
    reply = ask(stack, caller, path, model=tags)
    assert reply.status == told.status == 200, reply.body
    assert reply.headers["x-cloudapi-model"] in allowed
    assert told.json()["model"] in allowed


@every_path
def test_an_unknown_tag_is_refused(stack: Stack, caller: Caller, path: str):
    for reply in (ask(stack, caller, path, model="@best"), dry(stack, caller, path, model="@best")):
        assert (reply.status, reply.error["code"]) == (400, "invalid_strategy")
        assert "token_rate" in reply.error["message"]
    assert caller.holds() == []


@every_path
def test_rules_about_providers_are_kept(stack: Stack, caller: Caller, path: str):
    model, [first, *others] = sold_at(path)
    rules = {"ignore": [first]} if others else {"only": [first], "allow_fallbacks": False}
    told = dry(stack, caller, path, model=model, provider=rules)
    reply = ask(stack, caller, path, model=model, provider=rules)
    assert reply.status == told.status == 200, reply.body
    assert reply.headers["x-cloudapi-provider"] == told.json()["provider"] == [first, *others][bool(others)]
    if others:
        assert f"{first}=!ignored" in reply.headers["x-cloudapi-route"]
        assert {"provider": first, "rejected": "ignored"}.items() <= told.json()["candidates"][-1].items()
    refused = ask(stack, caller, path, model=model, provider={"only": ["nobody"]})
    assert (refused.status, refused.error["code"]) == (400, "no_allowed_provider")


@every_path
def test_a_further_model_is_named_beside(stack: Stack, caller: Caller, path: str):
    model, _ = sold_at(path)
    reply = ask(stack, caller, path, model=model, models=["nobody/nothing"])
    assert (reply.status, reply.error["code"]) == (404, "model_not_found")
    assert ask(stack, caller, path, model=model, models=[model]).status == 200


# A job's receipt comes with its end: tests/live/test_videos.py.
@pytest.mark.parametrize("path", [path for path in PATHS if path != "/v1/videos"])
def test_the_receipt_has_the_reasons_and_the_attempts(stack: Stack, caller: Caller, path: str):
    model, providers = sold_at(path)
    reply = ask(stack, caller, path, model=f"{model}@price")
    outcome(caller, 1)
    receipt = get(stack, f"/v1/generation/{reply.headers['x-request-id']}", caller).json()
    if len(providers) > 1:  # where there was a choice
        assert {row["provider"] for row in receipt["route"]} == set(providers)
        assert receipt["route"][0]["score"] == "1.000"
    assert [(one["provider"], one["error"]) for one in receipt["attempts"]] == [(cheapest(path), None)]


@pytest.mark.parametrize("path", ["/v1/route", "/v1/messages/count_tokens", "/v1/models", ""])
def test_a_dry_run_of_nothing_that_is_bought_is_refused(stack: Stack, caller: Caller, path: str):
    reply = send(stack, caller.headers, {"model": "test/one"}, path=f"/v1/route?path={path}")
    assert (reply.status, reply.error["code"], reply.error["param"]) == (400, "invalid_value", "path")


def test_dry_runs_of_all_kinds_share_one_window_of_their_own(stack: Stack, caller: Caller):
    left = [
        int(dry(stack, caller, path, model=sold_at(path)[0]).headers["x-ratelimit-remaining"])
        for path in PATHS
    ]
    assert left == list(range(119, 119 - len(PATHS), -1))


def test_the_books_are_right_after_all_that(stack: Stack):
    stack.check_ledger()
