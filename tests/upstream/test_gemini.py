"""The gemini dialect of the test upstream: its own rules, and Google's SDK straight against it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from google import genai
from google.genai import errors, types

from tests.live.client import directive
from tests.stack import Stack
from tests.upstream.gemini_rules import SIGNATURE, broken_rule

WEATHER = {
    "name": "get_weather",
    "parametersJsonSchema": {"type": "object", "properties": {"city": {"type": "string"}}},
}
ASKED: dict[str, Any] = {"role": "user", "parts": [{"text": "Ob-havo?"}]}
CALLED: dict[str, Any] = {
    "role": "model",
    "parts": [{"functionCall": {"name": "get_weather", "args": {}}, "thoughtSignature": SIGNATURE}],
}
ANSWERED: dict[str, Any] = {
    "role": "user",
    "parts": [{"functionResponse": {"name": "get_weather", "response": {"result": "+31"}}}],
}


def unsigned() -> dict[str, Any]:
    return {"role": "model", "parts": [{"functionCall": {"name": "get_weather", "args": {}}}]}


def test_a_conversation_in_order_is_taken():
    body = {"contents": [ASKED, CALLED, ANSWERED], "tools": [{"functionDeclarations": [WEATHER]}]}
    assert broken_rule(body, "gemini-3-pro") == ""


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"contents": []}, "not specified"),
        ({"contents": [ASKED], "n": 2}, 'Unknown name "n"'),
        ({"contents": [ASKED], "generationConfig": {"max_tokens": 2}}, "max_tokens"),
        ({"contents": [ASKED, ASKED]}, "alternate"),
        ({"contents": [CALLED, ANSWERED]}, "first turn"),
        ({"contents": [ASKED, ANSWERED]}, "alternate"),
        ({"contents": [ASKED, CALLED, ASKED]}, "number of function response parts"),
        ({"contents": [ASKED, CALLED]}, "end with a user role"),
        ({"contents": [ASKED, unsigned(), ANSWERED]}, "missing a thought_signature"),
        ({"contents": [{"role": "user", "parts": [{"text": ""}]}]}, "oneof field"),
        ({"contents": [{"role": "system", "parts": [{"text": "a"}]}]}, "valid role"),
        ({"contents": [ASKED], "generationConfig": {"stopSequences": list("abcdef")}}, "at most 5"),
    ],
)
def test_what_google_refuses_is_refused(body: dict[str, Any], words: str):
    assert words in broken_rule(body, "gemini-3-pro")


def test_older_models_need_no_signature():
    assert broken_rule({"contents": [ASKED, unsigned(), ANSWERED]}, "gemini-2.5-flash") == ""


@pytest.fixture
def google(stack: Stack) -> Iterator[genai.Client]:
    """google-genai as it comes, with the test upstream for its address."""
    base = types.HttpOptions(base_url=f"{stack.upstream.url}/p/gem", api_version="v1beta")
    client = genai.Client(api_key="AIza-test", http_options=base)
    yield client
    client.close()


def wish(**wishes: Any) -> str:
    return directive(**wishes)[0]["content"]


def test_googles_sdk_reads_a_whole_answer(google: genai.Client):
    told = google.models.generate_content(
        model="gemini-3-test",
        contents=wish(
            text="Salom, дунё", prompt_tokens=9, completion_tokens=5, reasoning_tokens=3, reasoning="Hm"
        ),
        config=types.GenerateContentConfig(system_instruction="Be brief.", max_output_tokens=100),
    )
    assert told.text == "Salom, дунё"
    assert told.candidates[0].content.parts[0].thought
    assert told.candidates[0].finish_reason == types.FinishReason.STOP
    counts = told.usage_metadata
    assert (counts.prompt_token_count, counts.candidates_token_count, counts.thoughts_token_count) == (
        9,
        2,
        3,
    )
    assert counts.total_token_count == 14


def test_googles_sdk_reads_a_stream(google: genai.Client):
    chunks = list(
        google.models.generate_content_stream(
            model="gemini-3-test", contents=wish(completion_tokens=4, prompt_tokens=9)
        )
    )
    assert "".join(chunk.text or "" for chunk in chunks) == "salom dunyo oʻzbek tilida "
    assert [chunk.usage_metadata.candidates_token_count for chunk in chunks] == [1, 2, 3, 4, 4]
    assert chunks[-1].candidates[0].finish_reason == types.FinishReason.STOP


def test_googles_sdk_carries_function_calls_and_signatures_through_a_chat(google: genai.Client):
    config = types.GenerateContentConfig(tools=[types.Tool(function_declarations=[WEATHER])])
    talk = google.chats.create(model="gemini-3-test", config=config)
    calls = [{"name": "get_weather", "arguments": {"city": "Toshkent"}}, "get_weather"]
    told = talk.send_message(wish(steps=[{"tool_calls": calls}, {"text": "31 daraja"}]))
    assert [(call.name, call.args) for call in told.function_calls] == [
        ("get_weather", {"city": "Toshkent"}),
        ("get_weather", {}),
    ]
    assert told.candidates[0].content.parts[0].thought_signature
    results = [types.Part.from_function_response(name="get_weather", response={"result": "+31"})] * 2
    assert talk.send_message(results).text == "31 daraja"
    with pytest.raises(errors.ClientError, match="function response parts is equal"):
        google.models.generate_content(
            model="gemini-3-test", contents=[*talk.get_history()[:2], types.UserContent("no results")]
        )


def test_googles_sdk_raises_its_errors(google: genai.Client):
    wishes = {"fault": "400", "status_code": "API_KEY_INVALID", "message": "API key not valid."}
    with pytest.raises(errors.ClientError) as caught:
        google.models.generate_content(model="gemini-3-test", contents=wish(**wishes))
    assert caught.value.status == "INVALID_ARGUMENT"
    assert json.dumps(caught.value.details).count("API_KEY_INVALID") == 1
    with pytest.raises(errors.ServerError):
        google.models.generate_content(model="gemini-3-test", contents=wish(fault="503"))


def test_googles_sdk_sees_a_blocked_prompt_and_a_malformed_call(google: genai.Client):
    told = google.models.generate_content(model="gemini-3-test", contents=wish(refusal="no"))
    assert told.prompt_feedback.block_reason == types.BlockedReason.PROHIBITED_CONTENT
    assert told.candidates is None
    broken = wish(tool_calls=[{"name": "get_weather", "arguments": "{oops"}])
    told = google.models.generate_content(model="gemini-3-test", contents=broken)
    assert told.candidates[0].finish_reason == types.FinishReason.MALFORMED_FUNCTION_CALL
