"""An OpenAI conversation as Anthropic's turns: in strict turns, each tool call answered at once (api.md §3).

A user's turn follows each of the assistant's: first the results of its calls, then what the user said.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from proxy.dialects.anthropic_blocks import Block, blocks_of, text_block, texts
from proxy.dialects.claude import Claude

_SYSTEM: Final = ("system", "developer")
_NOT_IN_IDS: Final = re.compile(r"[^a-zA-Z0-9_-]")
_TEXT: Final = frozenset({"text"})
_OF_USER: Final = frozenset({"text", "image", "document"})
_OF_ASSISTANT: Final = frozenset({"text", "thinking", "redacted_thinking"})
# What a user says where the rules want a user's turn and nobody said anything.
_FILLER: Final = "Continue."
_NO_RESULT: Final = "Error: the tool gave no result."


@dataclass(slots=True)
class _Round:
    """The assistant's turn, which only the first round may lack, and all that follows up to the next one.

    calls: (the caller's id, ours) of its tool calls. results: the caller's id and the content of each.
    """

    said: list[Block] = field(default_factory=list)
    calls: list[tuple[str, str]] = field(default_factory=list)
    results: list[tuple[str, list[Block]]] = field(default_factory=list)
    heard: list[Block] = field(default_factory=list)
    reminder: list[Block] = field(default_factory=list)

    @property
    def answered(self) -> bool:
        """Somebody spoke after the assistant."""
        return bool(self.results or self.heard or self.reminder)

    def say(self, message: Mapping[str, Any], taken: set[str]) -> None:
        """One of the assistant's messages; several in a row are one turn. A thought alone says nothing."""
        blocks = [*_only(_OF_ASSISTANT, blocks_of(message.get("content")))]
        blocks += text_block(message.get("refusal"))
        for call_id, name, arguments in _calls(message):
            own = _unique(call_id, taken)
            self.calls.append((call_id, own))
            blocks.append({"type": "tool_use", "id": own, "name": name, "input": _input(arguments)})
        if any(_rank(block) for block in blocks):
            self.said = sorted(self.said + blocks, key=_rank)

    def hear(self, message: Mapping[str, Any]) -> None:
        """What a tool, the user or the application says."""
        role, blocks = message.get("role"), list(_only(_OF_USER, blocks_of(message.get("content"))))
        if role in ("tool", "function"):
            self.results.append((_result_id(message), blocks))
            return
        if role in _SYSTEM:
            self.reminder += _only(_TEXT, blocks)
            return
        self._remind()
        self.heard += blocks

    def turns(self, model: Claude, *, is_last: bool) -> Iterator[dict[str, Any]]:
        """One to three turns."""
        if not self.said and not self.answered:
            return
        if self.said:
            yield {"role": "assistant", "content": self.said}
        aside = self.reminder if model.reminders and (self.heard or self.calls) else []
        if not aside:
            self._remind()
        blocks = [*self._results(), *self.heard]
        if blocks:
            yield _user(blocks)
        elif not is_last or not model.continues or not self.said:
            yield _user(list(text_block(_FILLER)))
        else:
            _end_sharply(self.said)
        if aside:
            yield {"role": "system", "content": texts(aside)}

    def _remind(self) -> None:
        """A system message inside the user's turn, for models that take none of its own there."""
        if self.reminder:
            told = texts(self.reminder)
            self.heard += text_block(told and f"<system-reminder>\n{told}\n</system-reminder>")
            self.reminder = []

    def _results(self) -> Iterator[Block]:
        """One for each call, in the order of the calls; what belongs to none of them is the user's word."""
        left = list(self.results)
        for asked, own in self.calls:
            place = next((i for i, (name, _) in enumerate(left) if name == asked), None)
            content = left.pop(place)[1] if place is not None else None
            yield _result(own, content)
        self.heard[:0] = [block for _, content in left for block in content]


def conversation(messages: Iterable[Any], model: Claude) -> tuple[list[Block], list[dict[str, Any]]]:
    """(system blocks, turns) of a chat's messages. Raises Unsupported."""
    rest = [message for message in messages if isinstance(message, dict)]
    system: list[Block] = []
    while rest and rest[0].get("role") in _SYSTEM:
        system += _only(_TEXT, blocks_of(rest.pop(0).get("content")))
    rounds = _rounds(rest)
    turns = [turn for one in rounds for turn in one.turns(model, is_last=one is rounds[-1])]
    if not turns or turns[0]["role"] != "user":
        turns.insert(0, _user(list(text_block(_FILLER))))
    return system, turns


def _rounds(messages: Iterable[Mapping[str, Any]]) -> list[_Round]:
    rounds, taken = [_Round()], set[str]()
    for message in messages:
        if message.get("role") != "assistant":
            rounds[-1].hear(message)
            continue
        if not rounds[-1].answered:
            rounds[-1].say(message, taken)
            continue
        one = _Round()
        one.say(message, taken)
        if one.said:
            rounds.append(one)
    return rounds


def _user(blocks: list[Block]) -> dict[str, Any]:
    return {"role": "user", "content": blocks}


def _only(kinds: frozenset[str], blocks: Iterable[Block]) -> Iterator[Block]:
    return (block for block in blocks if block["type"] in kinds)


def _rank(block: Block) -> int:
    """Thinking comes first and calls last, or Anthropic refuses the turn."""
    return {"thinking": 0, "redacted_thinking": 0, "tool_use": 2}.get(block["type"], 1)


def _calls(message: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """(id, name, arguments) of a message's tool calls, of the old single one too."""
    calls = message.get("tool_calls")
    for call in calls if isinstance(calls, list) else ():
        function = call.get("function") if isinstance(call, dict) else None
        if isinstance(function, dict):
            yield str(call.get("id") or ""), str(function.get("name") or "tool"), function.get("arguments")
    old = message.get("function_call")
    if isinstance(old, dict):
        yield f"function:{old.get('name')}", str(old.get("name") or "tool"), old.get("arguments")


def _result_id(message: Mapping[str, Any]) -> str:
    old = message.get("role") == "function"
    return f"function:{message.get('name')}" if old else str(message.get("tool_call_id") or "")


def _unique(call_id: str, taken: set[str]) -> str:
    """An id as Anthropic takes it, twice in no conversation: some vendors number each turn's calls anew."""
    clean = own = _NOT_IN_IDS.sub("_", call_id)[:64] or "call"
    number = 1
    while own in taken:
        number += 1
        own = f"{clean}_{number}"
    taken.add(own)
    return own


def _input(arguments: Any) -> dict[str, Any]:
    """A call's arguments as an object; what a model garbled is an empty one."""
    if isinstance(arguments, str):
        try:
            arguments = orjson.loads(arguments)
        except orjson.JSONDecodeError:
            return {}
    return arguments if isinstance(arguments, dict) else {}


def _result(call_id: str, content: list[Block] | None) -> Block:
    """A call's result; None: the caller gave none, and Anthropic wants one for each call."""
    result: Block = {"type": "tool_result", "tool_use_id": call_id}
    if content is None:
        return result | {"content": _NO_RESULT, "is_error": True}
    return result | ({"content": content} if content else {})


def _end_sharply(blocks: list[Block]) -> None:
    """Anthropic goes on with the assistant's last words, and refuses blanks at their end."""
    if blocks[-1]["type"] == "text":
        blocks[-1]["text"] = blocks[-1]["text"].rstrip()
