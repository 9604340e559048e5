"""Answers of openai upstreams as events, however their servers stream tool calls (api.md §3)."""

import orjson

from proxy.dialects.events import Arguments, Event, ToolCall
from proxy.dialects.openai_reader import Reader


def read(*pieces: dict) -> list[Event]:
    """The events of deltas with one tool-call piece each."""
    reader = Reader()
    found: list[Event] = []
    for piece in pieces:
        chunk = {"choices": [{"index": 0, "delta": {"tool_calls": [piece]}}]}
        found += reader.feed(b"data: " + orjson.dumps(chunk) + b"\n\n")
    return found


def calls(events: list[Event]) -> list[tuple[str, str, str]]:
    """(id, name, arguments) of every call."""
    begun = {event.place: event for event in events if isinstance(event, ToolCall)}
    said = dict.fromkeys(begun, "")
    for event in events:
        if isinstance(event, Arguments):
            said[event.place] += event.text
    return [(call.id, call.name, said[place]) for place, call in begun.items()]


def piece(index: int | None = 0, id_: str | None = None, name: str | None = None, text: str = "") -> dict:
    function = {"arguments": text} | ({"name": name} if name is not None else {})
    found: dict = {"function": function}
    if index is not None:
        found["index"] = index
    return found | ({"id": id_} if id_ is not None else {})


def test_id_and_name_on_every_piece_are_one_call():
    events = read(piece(0, "a", "f", '{"x"'), piece(0, "a", "f", ":1}"))
    assert calls(events) == [("a", "f", '{"x":1}')]


def test_new_ids_at_the_same_index_are_new_calls():
    events = read(piece(0, "a", "f", "{}"), piece(0, "b", "g", "{}"))
    assert calls(events) == [("a", "f", "{}"), ("b", "g", "{}")]


def test_a_call_without_an_id_gets_one():
    ((id_, name, text),) = calls(read(piece(0, None, "f"), piece(0, "late", None, "{}")))
    assert id_.startswith("call_")
    assert (name, text) == ("f", "{}")


def test_a_name_is_waited_for():
    """What comes before it isn't lost, and nobody hears of a call without a name."""
    assert read(piece(0, "a", "", '{"x"')) == []
    assert calls(read(piece(0, "a", "", '{"x"'), piece(0, None, "f", ":1}"))) == [("a", "f", '{"x":1}')]
