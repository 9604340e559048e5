"""What comes in at POST /v1/embeddings, and vectors in the encoding that was asked for."""

import base64
import json
import math
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.bridge import Bounds, Reply
from proxy.dialects import embeddings
from proxy.errors import ApiError
from proxy.meter import Usage

FLOATS = st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=9)


def call_of(**body: Any) -> Any:
    return embeddings.parse(json.dumps({"model": "test/embed", "input": "salom"} | body).encode(), {})


def packed(vector: list[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()


def answered(vectors: list[Any], **body: Any) -> Any:
    """The caller's JSON for an upstream's vectors; None if they are refused."""
    data = [{"object": "embedding", "index": i, "embedding": v} for i, v in enumerate(vectors)]
    reply = {"object": "list", "data": data, "model": "theirs", "usage": {"prompt_tokens": 3}}
    call = call_of(**{"input": ["x"] * len(vectors)} | body)
    answer = embeddings.read_answer(call, Reply(json.dumps(reply).encode(), b""), b'"ours"')
    return None if answer is None else json.loads(answer.body(Usage()))


@pytest.mark.parametrize(
    ("given_input", "bound", "estimate"),
    [
        ("salom", 5 + 16, 1),
        ("дўст" * 4, 32 + 16, 8),
        (["salom", "дў"], 9 + 32, 2),
        ([1, 2, 3], 3 + 16, 3),
        ([[1, 2, 3], [4]], 4 + 32, 4),
    ],
)
def test_the_weight_of_an_input(given_input: Any, bound: int, estimate: int):
    call = call_of(input=given_input)
    assert (call.input_bound, call.input_estimate) == (bound, estimate)
    assert not call.produces


@pytest.mark.parametrize(
    ("body", "code", "param"),
    [
        ({"input": None}, "missing_required_parameter", "input"),
        ({"input": ""}, "invalid_value", "input"),
        ({"input": []}, "invalid_value", "input"),
        ({"input": {}}, "invalid_value", "input"),
        ({"input": 5}, "invalid_value", "input"),
        ({"input": ["a", ""]}, "invalid_value", "input"),
        ({"input": ["a", 1]}, "invalid_type", "input"),
        ({"input": ["a", [1]]}, "invalid_type", "input"),
        ({"input": [1, "a"]}, "invalid_type", "input"),
        ({"input": [True]}, "invalid_type", "input"),
        ({"input": [-1]}, "invalid_type", "input"),
        ({"input": [1.5]}, "invalid_type", "input"),
        ({"input": [[1], []]}, "invalid_value", "input"),
        ({"input": [[]]}, "invalid_value", "input"),
        ({"input": [[2**40]]}, "invalid_type", "input"),
        ({"input": [None]}, "invalid_type", "input"),
        ({"input": ["a"] * 2049}, "invalid_value", "input"),
        ({"model": None}, "missing_required_parameter", "model"),
        ({"encoding_format": "hex"}, "invalid_value", "encoding_format"),
        ({"encoding_format": ["float"]}, "invalid_value", "encoding_format"),
        ({"dimensions": 0}, "invalid_value", "dimensions"),
        ({"dimensions": "8"}, "invalid_value", "dimensions"),
        ({"dimensions": True}, "invalid_value", "dimensions"),
    ],
)
def test_bad_bodies(body: dict[str, Any], code: str, param: str):
    with pytest.raises(ApiError) as caught:
        call_of(**body)
    assert (caught.value.status, caught.value.code, caught.value.param) == (400, code, param)


@given(st.lists(FLOATS, min_size=1, max_size=4))
def test_both_encodings_say_the_same(vectors: list[list[float]]):
    """Whichever the upstream sends, the caller gets the one asked for, bit for bit as float32."""
    for sent in (vectors, [packed(vector) for vector in vectors]):
        floats = answered(sent)
        assert [item["embedding"] for item in floats["data"]] == vectors
        encoded = answered(sent, encoding_format="base64")
        assert [item["embedding"] for item in encoded["data"]] == [packed(vector) for vector in vectors]
        assert floats["model"] == encoded["model"] == "ours"
        assert floats["usage"] == {"prompt_tokens": 3}


def test_bytes_pass_untouched_where_the_encoding_is_right():
    reply = b'{ "data":[{"embedding" : [0.10000, 1e-3 ]}],"model":"theirs", "x": "\\"embedding\\":[1]" }'
    answer = embeddings.read_answer(call_of(), Reply(reply, b""), b'"ours"')
    assert answer is not None
    assert answer.body(Usage()) == reply.replace(b'"theirs"', b'"ours"').replace(b'"model": ', b'"model":')


@pytest.mark.parametrize("vectors", [[[]], [""], ["!!!"], ["QUI="], [None], [{}], [[["x"]]], [["x"]]])
def test_what_is_no_vector_is_no_answer(vectors: list[Any]):
    assert answered(vectors) is None


def test_a_vector_for_each_input_or_none():
    assert answered([[1.0]], input=["a", "b"]) is None
    assert answered([[1.0], [2.0]], input="a") is None
    assert answered([[1.0]], input=[1, 2, 3]) is not None


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"data":5}', b'{"data":[', b"\xff"])
def test_rubbish_is_no_answer(data: bytes):
    assert embeddings.read_answer(call_of(), Reply(data, b""), b'"m"') is None


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True, width=32), min_size=1, max_size=4))
def test_what_json_cannot_say_becomes_null(vector: list[float]):
    found = answered([packed(vector)])["data"][0]["embedding"]
    assert found == [number if math.isfinite(number) else None for number in vector]


@pytest.mark.parametrize(
    ("reported", "usage"),
    [
        ({"prompt_tokens": 7, "total_tokens": 7}, Usage(input=7)),
        ({"prompt_tokens": 0}, Usage()),
        ({"prompt_tokens": 101}, None),
        ({"prompt_tokens": -1}, None),
        ({"prompt_tokens": 1.5}, None),
        ({"prompt_tokens": True}, None),
        ({"prompt_tokens": "7"}, None),
        ({}, None),
        ([], None),
        (None, None),
    ],
)
def test_usage_that_cannot_be_true_is_none(reported: Any, usage: Usage | None):
    assert embeddings.read_usage(call_of(), reported, Bounds(100, 0)) == usage
