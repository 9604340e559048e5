"""What is kept of a stream that somebody may go on with, how the next one is asked, where two parts meet."""

from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.bridge import Unsupported
from proxy.dialects.prefill import Seam, prefilled
from proxy.dialects.tape import KEPT_MAX, Tape
from proxy.plan import Candidate
from proxy.surfaces import SURFACES
from tests.proxy.calls import call_of
from tests.proxy.test_rescue import ASKED, CLAUDE, candidate, wishing


def test_a_tape_that_is_too_long_or_spoilt_gives_nothing():
    tape = Tape()
    tape.add("a" * KEPT_MAX)
    assert tape.text == "a" * KEPT_MAX
    tape.add("b")
    assert tape.text is None
    other = Tape()
    other.spoil()
    other.add("a")
    assert other.text is None


def taped(kind: str, dialect: str, *payloads: dict[str, Any]) -> str | None:
    """What is kept of a stream of this pair."""
    begin = SURFACES[kind].bridges[dialect].stream
    assert begin is not None
    stream: Any = begin(call_of(ASKED), b'"m"', b"")
    stream.tape = Tape()
    for payload in payloads:
        stream.feed(b"data: " + orjson.dumps(payload) + b"\n\n")
    text: str | None = stream.tape.text
    return text


def delta(**members: Any) -> dict[str, Any]:
    return {"id": "c", "choices": [{"index": 0, "delta": members}]}


def block(**block: Any) -> dict[str, Any]:
    return {"type": "content_block_start", "index": 0, "content_block": block}


def piece(**delta: Any) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": 0, "delta": delta}


HELLO = [delta(role="assistant", content="", refusal=None), *[delta(content=f"a{n} ") for n in range(30)]]
TEXT = [block(type="text", text=""), piece(type="text_delta", text="a"), piece(type="text_delta", text="b")]


@pytest.mark.parametrize(
    ("kind", "dialect", "payloads", "kept"),
    [
        ("chat", "openai", HELLO, "".join(f"a{n} " for n in range(30))),
        ("chat", "pollinations", HELLO[:2], "a0 "),
        ("messages", "openai", HELLO[:2], "a0 "),
        ("chat", "openai", [*HELLO[:2], delta(reasoning_content="hm")], None),
        ("chat", "openai", [delta(reasoning="hm"), *HELLO], None),
        ("chat", "openai", [*HELLO[:2], delta(tool_calls=[{"index": 0}])], None),
        ("chat", "openai", [delta(content=["a"])], None),
        ("chat", "openai", [delta(refusal="no")], None),
        ("chat", "openai", [{"choices": [{"index": 1, "delta": {"content": "a"}}]}], None),
        ("messages", "openai", [delta(reasoning_content="hm"), *HELLO], None),
        ("messages", "anthropic", TEXT, "ab"),
        ("chat", "anthropic", TEXT, "ab"),
        ("messages", "anthropic", [block(type="thinking", thinking="", signature="")], None),
        ("messages", "anthropic", [block(type="server_tool_use", id="s", name="web_search", input={})], None),
        ("messages", "anthropic", [*TEXT, piece(type="citations_delta", citation={})], None),
        ("chat", "anthropic", [*TEXT, block(type="tool_use", id="t", name="f", input={})], None),
    ],
)  # fmt: skip
def test_text_alone_is_kept(kind: str, dialect: str, payloads: list[dict[str, Any]], kept: str | None):
    assert taped(kind, dialect, *payloads) == kept


def asked(kind: str, one: Candidate, **body: Any) -> dict[str, Any]:
    call = replace(call_of(ASKED | body), said="Salom, dun")
    made = SURFACES[kind].bridges[one.endpoint.provider.dialect].ask(call, one.endpoint, 50)
    found: dict[str, Any] = orjson.loads(made.body)
    return found


SAID = {"role": "assistant", "content": "Salom, dun"}


@pytest.mark.parametrize(
    ("form", "mark", "more"),
    [
        ("turn", {}, {}),
        ("prefix", {"prefix": True}, {}),
        ("echoed_prefix", {"prefix": True}, {}),
        ("partial", {"partial": True}, {}),
        ("final_message", {}, {"continue_final_message": True, "add_generation_prompt": False}),
    ],
)
def test_each_form_of_the_openai_dialect(form: str, mark: dict[str, Any], more: dict[str, Any]):
    body = asked("chat", candidate(1, "openai", "up", form, (1, 1)))
    assert body["messages"] == [*ASKED["messages"], SAID | mark]  # type: ignore[misc]
    assert more.items() <= body.items()
    assert ("continue_final_message" in body) == bool(more)
    assert body["max_tokens"] == 50


def test_claude_goes_on_up_to_4_5_and_without_thinking():
    body = asked("chat", CLAUDE)
    assert body["messages"][-1] == {"role": "assistant", "content": [{"type": "text", "text": "Salom, dun"}]}
    with pytest.raises(Unsupported):
        thinking = wishing(True, reasoning_effort="high")
        SURFACES["chat"].bridges["anthropic"].ask(replace(thinking, said="Salom"), CLAUDE.endpoint, 8_000)


def replace_name(one: Candidate, name: str) -> Candidate:
    return replace(one, endpoint=replace(one.endpoint, upstream_name=name))


UNABLE = {
    "no form": candidate(1, "openai", "gpt-4o", "", (1, 1)),
    "a later Claude": replace_name(CLAUDE, "claude-opus-4-6"),
    "a Claude without the form": candidate(2, "anthropic", "claude-sonnet-4-5", "", (1, 1)),
    "a later Gemini": candidate(3, "gemini", "gemini-3.6-flash", "turn", (1, 1)),
    "whatever is the latest Gemini": candidate(3, "gemini", "gemini-flash-latest", "turn", (1, 1)),
    "a Gemini without the form": candidate(3, "gemini", "gemini-2.5-flash", "", (1, 1)),
}


@pytest.mark.parametrize("who", UNABLE)
def test_who_has_no_way_to_go_on_is_not_asked(who: str):
    with pytest.raises(Unsupported):
        asked("chat", UNABLE[who])


def test_gemini_goes_on_with_its_own_turn():
    body = asked("chat", candidate(3, "gemini", "gemini-2.5-flash", "turn", (1, 1)))
    assert body["contents"][-1] == {"role": "model", "parts": [{"text": "Salom, dun"}]}


def test_the_assistants_own_last_turn_is_not_gone_on_with():
    with pytest.raises(Unsupported):
        prefilled({"messages": [SAID]}, "Salom", "turn")


@given(st.text(alphabet=" \nab", max_size=12), st.text(alphabet=" \nab", max_size=12), st.data())
def test_blanks_are_told_once_and_an_echo_never(first: str, rest: str, data: st.DataObject):
    """However the second part is cut, and whether it repeats the first: nothing is lost, nothing doubled."""
    sent = first.rstrip()
    blanks = first[len(sent) :]
    echoes = data.draw(st.booleans()) and bool(sent)
    seam = Seam(blanks, sent if echoes else "")
    whole = (sent if echoes else "") + blanks + rest
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=4)))
    places = [0, *cuts, len(whole)]
    pieces = [whole[a:b] for a, b in zip(places, places[1:], strict=False)]
    assert first + "".join(map(seam.cut, pieces)) + seam.rest() == first + rest


@pytest.mark.parametrize(("blanks", "new"), [(" ", "b"), ("\n\n", "\nb"), ("", " b"), ("\n", " b")])
def test_other_blanks_are_the_second_parts_own(blanks: str, new: str):
    assert Seam(blanks).cut(new) == new.removeprefix("\n" if new.startswith("\n") and blanks else "")


def test_half_an_echo_is_none():
    seam = Seam("", "salom dunyo")
    assert [seam.cut("salom "), seam.cut("olam")] == ["", "salom olam"]
    other = Seam("", "salom dunyo")
    assert (other.cut("salom"), other.rest()) == ("", "salom")
