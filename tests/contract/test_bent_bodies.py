"""A good request with one thing bent, through parsing and bridges: a refusal or a request, never a crash."""

import copy
import json
import os
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.bridge import Unsupported
from proxy.errors import ApiError
from proxy.surfaces import SURFACES
from routing.snaps import CostSnap, EndpointSnap, ProviderSnap
from tests.contract.bodies import BODIES

LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.sampled_from(["", "text", "function", "message", "data:", "data:image/png;base64,", "user", "\x00"])
)
JUNK = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
)
# Names that mean something somewhere, put where nobody expects them.
WORDS = (
    *("type", "format", "items", "properties", "required", "enum", "$ref", "anyOf", "allOf", "minItems"),
    *("const", "additionalProperties", "default", "id", "name", "role", "content", "text", "index", "input"),
    *("reasoning", "thinking", "budget_tokens", "modalities", "audio", "logprobs", "top_k", "seed", "source"),
    *("cache_control", "refusal", "function_call", "functions", "arguments", "file", "url", "extra_body"),
)
EXAMPLES = int(os.environ.get("CONTRACT_EXAMPLES", "150"))
HEADERS = {b"content-type": [b"application/json"], b"anthropic-version": [b"2023-06-01"]}


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where something of a body can be bent."""
    for name, inner in value.items() if isinstance(value, dict) else enumerate(value):
        yield (*path, name)
        if isinstance(inner, dict | list):
            yield from places(inner, (*path, name))


def bend(body: Any, path: tuple[Any, ...], junk: Any, how: str) -> None:
    for step in path[:-1]:
        body = body[step]
    if how == "drop":
        del body[path[-1]]
    elif how == "twice" and isinstance(body, list):
        body.append(body[path[-1]])
    elif how in WORDS and isinstance(body, dict):
        body[how] = junk
    else:
        body[path[-1]] = junk


HOW = st.sampled_from(["replace", "drop", "twice"]) | st.sampled_from(WORDS)


@st.composite
def bent(draw: st.DrawFn, surface: str) -> bytes:
    body = {"model": "test/one", **copy.deepcopy(BODIES[surface]), "stream": draw(st.booleans())}
    for _ in range(draw(st.integers(1, 2))):
        where = draw(st.sampled_from(list(places(body))))
        bend(body, where, draw(JUNK), draw(HOW))
    return json.dumps(body).encode(errors="surrogatepass")


def endpoint(dialect: str) -> EndpointSnap:
    provider = ProviderSnap(
        id=1,
        slug="p",
        name="P",
        dialect=dialect,
        base_url="https://p.test/v1",
        credential_ref="",
        secret=None,
        on_disconnect="cancel",
        hosted=False,
        sandbox=False,
        available=True,
    )
    cost = CostSnap(id=1, components={"input": 1, "output": 1})
    return EndpointSnap(
        id=1, provider=provider, upstream_name="m", markup_kind="margin", priority=1, cost=cost
    )


@pytest.mark.parametrize("surface", [name for name in SURFACES if name in BODIES])
def test_a_good_body_is_good(surface: str) -> None:
    call = SURFACES[surface].parse(json.dumps({"model": "test/one", **BODIES[surface]}).encode(), HEADERS)
    assert call.kind == surface
    asked = 0
    for dialect, bridge in SURFACES[surface].bridges.items():
        try:
            bridge.ask(call, endpoint(dialect), 100)
            asked += 1
        except Unsupported:
            continue
    assert asked


@pytest.mark.parametrize("surface", [name for name in SURFACES if name in BODIES])
@settings(max_examples=EXAMPLES, deadline=None)
@given(data=st.data())
def test_a_bent_body_is_refused_or_asked(surface: str, data: st.DataObject) -> None:
    raw = data.draw(bent(surface))
    try:
        call = SURFACES[surface].parse(raw, HEADERS)
    except ApiError as refusal:
        assert 400 <= refusal.status < 500
        return
    assert call.input_bound >= 0
    for dialect, bridge in SURFACES[surface].bridges.items():
        try:
            bridge.ask(call, endpoint(dialect), 100)
        except Unsupported as lack:
            assert lack.param
        except ApiError as refusal:
            assert 400 <= refusal.status < 500
