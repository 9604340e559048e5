"""The turns of a Messages request as OpenAI's messages (api.md §3).

OpenAI wants the results of all calls right behind the turn that made them, one message each and of text only.
So results come first, calls without one get an error, results without a call become text, and images in
results move into the user message that follows.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from proxy.bridge import Unsupported
from proxy.dialects.messages_request import blocks

TOOL_NAME_MAX: Final = 64
# Thinking blocks of our own making: other vendors' seals travel in them, because clients send thinking back.
SEAL: Final = "cloudapi:"
CALL_SEAL: Final = SEAL + "call:"
_LOST: Final = "Error: the result of this call is missing."

Part = dict[str, Any]


def turns(given: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """All messages but the system prompt. Raises Unsupported for files kept at the vendor's."""
    told = _Turns()
    for role, found in _merged(given):
        if role == "assistant":
            told.assistant(found)
        elif role == "user":
            told.user(found)
        else:
            told.system(found)
    told.settle()
    return told.out


def short_name(name: str) -> str:
    """A tool's name as OpenAI takes it: names of MCP tools are often longer than 64 characters."""
    if len(name) <= TOOL_NAME_MAX:
        return name
    return f"{name[: TOOL_NAME_MAX - 9]}_{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def texts(found: Iterable[Mapping[str, Any]]) -> list[str]:
    """The texts of blocks, empty ones dropped."""
    return [block["text"] for block in found if isinstance(block.get("text"), str) and block["text"]]


def _merged(given: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, list[Part]]]:
    """Turns, adjacent ones of the same role as one."""
    last, held = "", list[Part]()
    for message in given:
        if message["role"] != last and last:
            yield last, held
            held = []
        last = message["role"]
        held = held + blocks(message["content"])
    yield last, held


@dataclass(slots=True)
class _Turns:
    out: list[dict[str, Any]] = field(default_factory=list)
    _open: dict[str, None] = field(default_factory=dict)  # calls without a result so far, in their order
    _held: list[dict[str, Any]] = field(default_factory=list)  # nothing may stand between call and result

    def system(self, found: list[Part]) -> None:
        """An instruction in the middle of a conversation (api.md §0.3)."""
        if said := "\n\n".join(texts(found)):
            (self._held if self._open else self.out).append({"role": "system", "content": said})

    def assistant(self, found: list[Part]) -> None:
        self.settle()
        said, by_id = "".join(texts(found)), {call["id"]: call for call in reversed(_calls(found))}
        calls = list(reversed(by_id.values()))  # of two with one id the first
        self._open = dict.fromkeys(call["id"] for call in calls)
        if said or calls:
            turn = {"role": "assistant", "content": said or None}
            self.out.append(turn | ({"tool_calls": calls} if calls else {}))

    def user(self, found: list[Part]) -> None:
        parts: list[Part] = []
        for block in found:
            if block["type"] == "tool_result":
                parts += self._result(block)
        self.settle()
        parts += _parts(block for block in found if block["type"] != "tool_result")
        if parts:
            self.out.append({"role": "user", "content": _content(parts)})

    def settle(self) -> None:
        """Ends the results of a turn."""
        self.out += [{"role": "tool", "tool_call_id": name, "content": _LOST} for name in self._open]
        self.out += self._held
        self._open, self._held = {}, []

    def _result(self, block: Part) -> list[Part]:
        """One result; gives back what belongs into the user message."""
        name, parts = block["tool_use_id"], _parts(blocks(block.get("content")))
        said = "\n".join(texts(parts))
        said = f"Error: {said}" if block.get("is_error") is True else said
        rest = [part for part in parts if part["type"] != "text"]
        if name in self._open:
            del self._open[name]
            self.out.append({"role": "tool", "tool_call_id": name, "content": said})
            return [_text(f"Attached to the result of {name}:"), *rest] if rest else []
        return [_text(f"Result of an earlier call ({name}):\n{said}"), *rest]


def _calls(found: list[Part]) -> list[dict[str, Any]]:
    """Tool calls; a seal in the thinking before a call goes back with it."""
    calls: list[dict[str, Any]] = []
    seal = ""
    for block in found:
        signature = block.get("signature")
        if isinstance(signature, str) and signature.startswith(CALL_SEAL):
            seal = signature.removeprefix(CALL_SEAL)
        elif block["type"] == "tool_use":
            function = {"name": short_name(block["name"]), "arguments": orjson.dumps(block["input"]).decode()}
            call = {"id": block["id"], "type": "function", "function": function}
            if seal:
                call["extra_content"] = {"google": {"thought_signature": seal}}
            calls.append(call)
            seal = ""
    return calls


def _content(parts: list[Part]) -> str | list[Part]:
    """A lone text as a string, which every server understands."""
    return parts[0]["text"] if len(parts) == 1 and parts[0]["type"] == "text" else parts


def _parts(found: Iterable[Mapping[str, Any]]) -> list[Part]:
    return [part for block in found for part in _part(block)]


def _part(block: Mapping[str, Any]) -> list[Part]:
    """A block of a user's turn as parts; nothing where OpenAI has no such thing."""
    kind = block["type"]
    if kind == "image":
        return [{"type": "image_url", "image_url": {"url": _image(block["source"])}}]
    if kind == "document":
        return _document(block, block["source"])
    if kind == "search_result":
        said = [str(block.get(name) or "") for name in ("title", "source")]
        return [_text("\n".join(filter(None, [*said, *texts(blocks(block.get("content")))])))]
    if kind == "tool_reference":  # all tools are offered from the start
        return [_text(f"The tool {block.get('tool_name')} is available.")]
    return [_text(said) for said in texts([block])]


def _text(said: str) -> Part:
    return {"type": "text", "text": said}


def _image(source: Mapping[str, Any]) -> str:
    if source.get("type") == "base64":
        return f"data:{source.get('media_type', 'image/png')};base64,{source.get('data', '')}"
    if source.get("type") == "url":
        return str(source.get("url", ""))
    raise Unsupported("messages", "No provider of this model reads images by file id.")


def _document(block: Mapping[str, Any], source: Mapping[str, Any]) -> list[Part]:
    kind, title = source.get("type"), block.get("title")
    if kind == "text":
        return [_text(said) for said in (title, source.get("data")) if isinstance(said, str) and said]
    if kind == "content":
        return _parts(blocks(source.get("content")))
    if kind == "base64":
        data = f"data:{source.get('media_type', 'application/pdf')};base64,{source.get('data', '')}"
        name = title if isinstance(title, str) and title else "document.pdf"
        return [{"type": "file", "file": {"filename": name, "file_data": data}}]
    raise Unsupported("messages", f"No provider of this model reads documents by {kind}.")
