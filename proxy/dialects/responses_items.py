"""The input of a Responses request as chat messages (api.md §3–4).

A turn of the assistant is one message: its text, then its calls, then the results of all of them, wherever
the caller has put those. Reasoning belongs to the turn that follows it, with its vendor's seal if we gave it
one; who gets it back is the upstream's dialect to say.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from proxy.dialects import media
from proxy.dialects.responses_tools import flat_name
from proxy.errors import ApiError, invalid

ITEMS_MAX: Final = 10_000
ROLES: Final = ("assistant", "developer", "system", "user")
_CALLS: Final = frozenset({"function_call", "custom_tool_call"})
_OUTPUTS: Final = frozenset({"function_call_output", "custom_tool_call_output"})
_TEXTS: Final = frozenset({"input_text", "output_text", "text", "summary_text"})
_FILES: Final = frozenset({"input_file", "input_audio"})
# What tools at OpenAI leave in a history, and what only OpenAI can read.
_FOREIGN: Final = frozenset({
    "additional_tools", "compaction", "compaction_trigger", "configuration_update", "mcp_approval_request",
    "mcp_approval_response", "mcp_list_tools", "program",
})  # fmt: skip
# Before a vendor's seal in encrypted_content, so that OpenAI's own isn't taken for one. Gemini seals calls.
SEAL: Final = "cloudapi:"
CALL_SEAL: Final = SEAL + "call:"
_UNANSWERED: Final = "Error: the tool gave no result."


def messages_of(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The whole conversation. Raises ApiError 400 or 413 naming the item that can't be sent."""
    found = _instructions(body.get("instructions"))
    asked = body.get("input")
    if isinstance(asked, str):
        return [*found, {"role": "user", "content": asked}]
    if not isinstance(asked, list) or not asked:
        raise invalid("invalid_messages", "'input' must be a string or a list with an item.", "input")
    if len(asked) > ITEMS_MAX:
        raise invalid("too_many_messages", f"'input' may have {ITEMS_MAX} items at most.", "input")
    conversation = _Conversation(found, _outputs(asked))
    for index, item in enumerate(asked):
        conversation.add(item, f"input[{index}]")
    conversation.close()
    if any(conversation.outputs.values()):
        lost = next(id_ for id_, left in conversation.outputs.items() if left)
        raise invalid("invalid_messages", f"No tool call found for the output of call '{lost}'.", "input")
    return _one_beginning(conversation.messages)


def _instructions(told: Any) -> list[dict[str, Any]]:
    if told is not None and not isinstance(told, str):
        raise invalid("invalid_type", "'instructions' must be a string.", "instructions")
    return [{"role": "system", "content": told}] if told else []


def _one_beginning(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """System messages at the beginning as one: the templates of many open models know only one."""
    texts: list[str] = []
    for message in messages:
        if message["role"] != "system" or not isinstance(message["content"], str):
            break
        texts.append(message["content"])
    if len(texts) < 2:
        return messages
    return [{"role": "system", "content": "\n\n".join(texts)}, *messages[len(texts) :]]


def _outputs(items: list[Any]) -> dict[str, deque[Any]]:
    """Results of calls by call id; some clients use an id twice, so in their order."""
    found: dict[str, deque[Any]] = {}
    for index, item in enumerate(items):
        if _kind(item) in _OUTPUTS:
            where = f"input[{index}]"
            found.setdefault(_word(item, "call_id", where), deque()).append((item, where))
    return found


def _word(item: Mapping[str, Any], name: str, where: str) -> str:
    value = item.get(name)
    if not isinstance(value, str) or not value:
        raise invalid("missing_required_parameter", f"'{where}.{name}' is missing.", f"{where}.{name}")
    return value


def _kind(value: Any) -> str:
    """The type that an item or a part says it has."""
    kind = value.get("type") if isinstance(value, dict) else None
    return kind if isinstance(kind, str) else ""


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


@dataclass(slots=True)
class _Conversation:
    """Messages so far, and the assistant's turn that is still open."""

    messages: list[dict[str, Any]]
    outputs: dict[str, deque[Any]]
    _turn: dict[str, Any] | None = field(default=None)
    _thoughts: list[dict[str, Any]] = field(default_factory=list)  # of the turn that follows
    _call_seal: str = ""  # of the call that follows

    def add(self, item: Any, where: str) -> None:
        """One item. Raises ApiError 400 or 413."""
        if not isinstance(item, dict):
            raise invalid("invalid_messages", f"'{where}' must be an object.", where)
        kind = _kind(item) if "type" in item else "message" if "role" in item else "item_reference"
        if kind == "message":
            self._message(item, where)
        elif kind in _CALLS:
            self._call(item, where, custom=kind == "custom_tool_call")
        elif kind == "reasoning":
            self._think(item)
        elif kind in _OUTPUTS:
            self.close()  # whose place is right after their calls
        elif kind == "item_reference":
            raise _stateless(where)
        elif kind not in _FOREIGN and not kind.endswith(("_call", "_output")):
            raise invalid("invalid_value", f"'{where}.type' is not known here.", f"{where}.type")

    def close(self) -> None:
        """Ends the assistant's turn: its message, then one result for each of its calls."""
        if self._turn is None:
            return
        turn, self._turn = self._turn, None
        self.messages.append(turn)
        images: list[dict[str, Any]] = []
        for call in turn.get("tool_calls", ()):
            left = self.outputs.get(call["id"])
            text = _UNANSWERED
            if left:
                text, more = _result(*left.popleft())
                images += more
            self.messages.append({"role": "tool", "tool_call_id": call["id"], "content": text})
        if images:  # a tool's message has only text in this dialect
            self.messages.append({"role": "user", "content": images})

    def _message(self, item: Mapping[str, Any], where: str) -> None:
        role = item.get("role")
        if role not in ROLES:
            raise invalid("invalid_value", f"'{where}.role' must be one of {list(ROLES)}.", f"{where}.role")
        content = _content(item.get("content"), f"{where}.content")
        self.close()
        if role == "assistant":
            self._begin(content)
        else:
            self._thoughts, self._call_seal = [], ""
            # The newer word for the same; only OpenAI's own models know it.
            self.messages.append({"role": "system" if role == "developer" else role, "content": content})

    def _call(self, item: Mapping[str, Any], where: str, *, custom: bool) -> None:
        id_, name = _word(item, "call_id", where), _word(item, "name", where)
        arguments = item.get("input" if custom else "arguments")
        if not isinstance(arguments, str):
            param = f"{where}.{'input' if custom else 'arguments'}"
            raise invalid("invalid_type", f"'{param}' must be a string.", param)
        if custom:
            arguments = orjson.dumps({"input": arguments}).decode()
        function = {"name": flat_name(item.get("namespace"), name), "arguments": arguments}
        call: dict[str, Any] = {"id": id_, "type": "function", "function": function}
        if self._call_seal:
            call["extra_content"] = {"google": {"thought_signature": self._call_seal}}
            self._call_seal = ""
        if self._turn is None:
            self._turn = self._begin(None)
        self._turn.setdefault("tool_calls", []).append(call)

    def _think(self, item: Mapping[str, Any]) -> None:
        sealed = item.get("encrypted_content")
        sealed = sealed if isinstance(sealed, str) and sealed.startswith(SEAL) else ""
        if sealed.startswith(CALL_SEAL):
            self._call_seal = sealed.removeprefix(CALL_SEAL)
            return
        parts = [*_list(item.get("summary")), *_list(item.get("content"))]
        texts = [part.get("text") for part in parts if isinstance(part, dict)]
        thought = "".join(text for text in texts if isinstance(text, str))
        if thought or sealed:
            part = {"type": "thinking", "thinking": thought}
            seal = {"signature": sealed.removeprefix(SEAL)} if sealed else {}
            self._thoughts.append(part | seal)

    def _begin(self, content: Any) -> dict[str, Any]:
        """A turn of the assistant, with the thoughts that led to it."""
        if self._thoughts:
            text = [{"type": "text", "text": content}] if isinstance(content, str) else content
            content = [*self._thoughts, *(text or ())]
            self._thoughts = []
        self._turn = {"role": "assistant", "content": content}
        return self._turn


def _result(item: Mapping[str, Any], where: str) -> tuple[str, list[dict[str, Any]]]:
    """(text, images and files) of a tool's result."""
    where = f"{where}.output"
    content = _content(item.get("output"), where)
    if isinstance(content, str):
        return content, []
    texts = [part["text"] for part in content if part["type"] == "text"]
    return "\n".join(texts), [part for part in content if part["type"] != "text"]


def _content(content: Any, where: str) -> Any:
    """A message's content: a string wherever it is only text, as not all upstreams take parts."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise invalid("invalid_messages", f"'{where}' must be a string or a list.", where)
    parts = [_part(part, f"{where}[{index}]") for index, part in enumerate(content)]
    if all(part["type"] == "text" for part in parts):
        return "\n".join(part["text"] for part in parts)
    return parts


def _part(part: Any, where: str) -> dict[str, Any]:
    kind = _kind(part)
    if kind in _TEXTS or kind == "refusal":
        text = part.get("refusal" if kind == "refusal" else "text")
        if isinstance(text, str):
            return {"type": "text", "text": text}
    elif kind == "input_image":
        return _image(part, where)
    elif kind in _FILES:
        return _file(part, where, kind)
    raise invalid("invalid_value", f"'{where}' is no part that is known here.", where)


def _image(part: Mapping[str, Any], where: str) -> dict[str, Any]:
    if part.get("image_url") is None and part.get("file_id") is not None:
        raise _no_files(where)
    url = part.get("image_url")
    media.check_image(url, where)
    detail = part.get("detail")
    return {"type": "image_url", "image_url": {"url": url, **({"detail": detail} if detail else {})}}


def _file(part: Mapping[str, Any], where: str, kind: str) -> dict[str, Any]:
    if kind == "input_audio":
        return {"type": "input_audio", "input_audio": part.get("input_audio")}
    if not isinstance(part.get("file_data"), str):
        raise _no_files(where)
    file = {name: part[name] for name in ("filename", "file_data") if part.get(name) is not None}
    return {"type": "file", "file": file}


def _no_files(where: str) -> ApiError:
    return invalid("unsupported_parameter", f"'{where}': files are taken inline, as base64 data.", where)


def _stateless(where: str) -> ApiError:
    told = f"'{where}': responses are not stored here; send the items themselves (store: false)."
    return invalid("unsupported_parameter", told, where)
