"""Legacy completions over chat: the prompt, the answer, and what can't be had."""

import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.dialects.completions import NEAR, parse, to_chat
from proxy.dialects.events import Event, Said, Text, Thought
from proxy.errors import ApiError
from proxy.meter import Usage

USAGE = Usage(input=9, output=2)


def call_of(**fields: Any) -> Any:
    return parse(orjson.dumps({"model": "m", "prompt": "bir ikki"} | fields), {})


def refused(**fields: Any) -> tuple[str, str | None]:
    with pytest.raises(ApiError) as caught:
        call_of(**fields)
    assert caught.value.status == 400
    return caught.value.code, caught.value.param


@pytest.mark.parametrize("prompt", ["bir ikki", ["bir ikki"]])
def test_the_prompt_is_the_users_message(prompt: Any):
    chat = to_chat({"model": "m", "prompt": prompt, "max_tokens": 5, "temperature": 0, "best_of": 1})
    assert chat == {"model": "m", "messages": [{"role": "user", "content": "bir ikki"}], "temperature": 0}


@pytest.mark.parametrize(
    ("fields", "code", "param"),
    [
        ({"prompt": None}, "missing_required_parameter", "prompt"),
        ({"prompt": [1, 2]}, "unsupported_parameter", "prompt"),
        ({"prompt": [[1, 2]]}, "unsupported_parameter", "prompt"),
        ({"prompt": ["bir", "ikki"]}, "unsupported_parameter", "prompt"),
        ({"prompt": []}, "invalid_type", "prompt"),
        ({"prompt": 7}, "invalid_type", "prompt"),
        ({"n": 2}, "unsupported_parameter", "n"),
        ({"n": 0}, "invalid_value", "n"),
        ({"best_of": 3}, "unsupported_parameter", "best_of"),
        ({"suffix": "uch"}, "unsupported_parameter", "suffix"),
        ({"logprobs": 0}, "unsupported_parameter", "logprobs"),
        ({"echo": "yes"}, "invalid_type", "echo"),
        ({"max_tokens": 0}, "invalid_value", "max_tokens"),
        ({"temperature": 3}, "invalid_value", "temperature"),
        ({"stream": 1}, "invalid_type", "stream"),
    ],
)
def test_what_is_refused(fields: dict[str, Any], code: str, param: str):
    assert refused(**fields) == (code, param)


@given(st.lists(st.builds(Text, st.text(max_size=5)) | st.builds(Thought, st.text(max_size=5)), max_size=6))
def test_a_stream_says_what_the_whole_answer_says(events: list[Event]):
    call = call_of(echo=True, stream=True, stream_options={"include_usage": True})
    writer = NEAR.writer(call, "test/one")
    data = b"".join(writer.write([event]) for event in events) + writer.end("stop", USAGE, {})
    *chunks, last = [json.loads(line[6:]) for line in data.decode().split("\n\n")[:-2]]
    assert data.endswith(b"\n\ndata: [DONE]\n\n")
    answer = json.loads(NEAR.whole(call, Said(tuple(events), None, "stop"), "test/one", USAGE))
    assert "".join(chunk["choices"][0]["text"] for chunk in chunks) == answer["choices"][0]["text"]
    assert answer["choices"][0]["text"].startswith("bir ikki")
    assert (chunks[-1]["choices"][0]["finish_reason"], last["choices"]) == ("stop", [])
    assert last["usage"] == answer["usage"]
