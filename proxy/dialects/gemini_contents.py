"""Chat messages as Gemini's contents: turns of user and model in alternation (api.md §3).

Source: ai.google.dev/api/caching#Content, …/docs/function-calling, …/docs/thought-signatures.
"""

import mimetypes
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from proxy.bridge import Unsupported

# Documented for calls that no Gemini model has made (…/docs/thought-signatures, FAQ).
DUMMY_SIGNATURE: Final = "skip_thought_signature_validator"
_ERROR: Final = "Error: "
_UNANSWERED: Final = "The tool gave no result."
_GO_ON: Final = "Continue."

Parts = list[dict[str, Any]]


def turns(
    messages: Iterable[Mapping[str, Any]], *, signs: bool, goes_on: bool = False
) -> tuple[Parts, Parts]:
    """(the system instruction's parts, contents). `signs`: the model wants its thought signatures back.

    `goes_on`: the last turn may be the model's own, for it to go on with.
    Raises bridge.Unsupported for media that Gemini can't be given.
    """
    system: Parts = []
    told = _Turns(signs)
    for message in messages:
        role = message.get("role")
        if role in ("tool", "function"):
            told.result(message)
        elif role == "assistant":
            told.model(message)
        elif role == "user":
            told.user(_parts(message.get("content")))
        else:
            _instruct(system, told, message)
    contents = told.ended(goes_on=goes_on)
    if not contents:  # nothing but instructions: they are the question
        return [], [{"role": "user", "parts": system or [{"text": _GO_ON}]}]
    return system, contents


def _instruct(system: Parts, told: "_Turns", message: Mapping[str, Any]) -> None:
    """Instructions before the first turn are the system's; in the middle only a user can give them."""
    text = _plain(message.get("content"))
    if not text:
        return
    if told.begun:
        told.user([{"text": f"<system-reminder>\n{text}\n</system-reminder>"}])
    else:
        system.append({"text": text})


@dataclass(slots=True)
class _Called:
    """A function call that waits for its result."""

    id: str
    name: str
    response: dict[str, Any] | None = None


@dataclass(slots=True)
class _Turns:
    """The conversation so far."""

    signs: bool
    contents: Parts = field(default_factory=list)
    _called: list[_Called] = field(default_factory=list)
    _media: Parts = field(default_factory=list)  # from results: they follow them

    @property
    def begun(self) -> bool:
        return bool(self.contents)

    def user(self, parts: Parts) -> None:
        self._answer()
        self._add("user", parts)

    def model(self, message: Mapping[str, Any]) -> None:
        self._answer()
        calls = list(_calls(message))
        self._called = [_Called(call["id"], call["name"]) for call, _ in calls]
        parts = _parts(message.get("content")) or _said(message.get("refusal"))
        for place, (call, signature) in enumerate(calls):
            part: dict[str, Any] = {"functionCall": call}
            if not signature and self.signs and not place:
                signature = DUMMY_SIGNATURE
            parts.append(part | ({"thoughtSignature": signature} if signature else {}))
        self._add("model", parts)

    def result(self, message: Mapping[str, Any]) -> None:
        """A tool's result: with its call, wherever in the row it comes; as text if nobody asked for it."""
        name = message.get("tool_call_id", message.get("name"))
        parts = _parts(message.get("content"))
        text = "\n".join(part["text"] for part in parts if "text" in part)
        waiting = (call for call in self._called if call.id == name and call.response is None)
        call = next(waiting, None)
        if call is None:
            self.user([{"text": f"Result of the tool call {name}:"}, *parts])
            return
        error = text.startswith(_ERROR)
        call.response = {"error": text.removeprefix(_ERROR)} if error else {"result": text}
        self._media += [part for part in parts if "text" not in part]

    def ended(self, *, goes_on: bool) -> Parts:
        """All turns: the first and the last are a user's."""
        self._answer()
        if self.contents and self.contents[0]["role"] == "model":
            self.contents.insert(0, {"role": "user", "parts": [{"text": _GO_ON}]})
        if self.contents and self.contents[-1]["role"] == "model" and not goes_on:
            self._add("user", [{"text": _GO_ON}])
        return self.contents

    def _answer(self) -> None:
        """The results of the last calls: as many as there were calls, in their order, in one turn."""
        called, media = self._called, self._media
        self._called, self._media = [], []
        parts = [
            {
                "functionResponse": {
                    "id": c.id,
                    "name": c.name,
                    "response": c.response or {"error": _UNANSWERED},
                }
            }
            for c in called
        ]
        self._add("user", [*parts, *media])

    def _add(self, role: str, parts: Parts) -> None:
        if not parts:
            return
        if self.contents and self.contents[-1]["role"] == role:
            self.contents[-1]["parts"] += parts
        else:
            self.contents.append({"role": role, "parts": parts})


def _calls(message: Mapping[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    """(functionCall, its signature) of an assistant's message."""
    calls = message.get("tool_calls")
    for call in calls if isinstance(calls, list) else ():
        function = call.get("function") if isinstance(call, dict) else None
        if isinstance(function, dict):
            yield _call(call.get("id"), function), _signature(call)
    old = message.get("function_call")
    if isinstance(old, dict):
        yield _call(old.get("name"), old), ""


def _call(id_: Any, function: Mapping[str, Any]) -> dict[str, Any]:
    """A functionCall. Arguments that are no JSON object are none: a model may have been cut in them."""
    name, text = function.get("name"), function.get("arguments")
    try:
        arguments = orjson.loads(text) if isinstance(text, str) else None
    except orjson.JSONDecodeError:
        arguments = None
    return {
        "id": id_ if isinstance(id_, str) else "",
        "name": name if isinstance(name, str) and name else "unknown",
        "args": arguments if isinstance(arguments, dict) else {},
    }


def _signature(call: Mapping[str, Any]) -> str:
    """As chat_writer gave it to the caller (api.md §1.2)."""
    extra = call.get("extra_content")
    google = extra.get("google") if isinstance(extra, dict) else None
    signature = google.get("thought_signature") if isinstance(google, dict) else None
    return signature if isinstance(signature, str) else ""


def _plain(content: Any) -> str:
    return "\n\n".join(part["text"] for part in _parts(content) if "text" in part)


def _said(text: Any) -> Parts:
    return [{"text": text}] if isinstance(text, str) and text else []


def _parts(content: Any) -> Parts:
    """A message's content; empty texts and other vendors' thoughts are left out."""
    if not isinstance(content, list):
        return _said(content)
    found: Parts = []
    for part in content:
        kind = part.get("type")
        if kind in ("text", "refusal"):
            found += _said(part.get(kind))
        elif kind in _MEDIA:
            found.append(_MEDIA[kind](part.get(kind)))
    return found


def _image(image: Any) -> dict[str, Any]:
    url = image.get("url") if isinstance(image, dict) else image
    return _linked(url, "image/jpeg") if isinstance(url, str) else _unreadable("an image without an address")


def _sound(audio: Any) -> dict[str, Any]:
    match audio:
        case {"data": str(data), "format": str(kind)}:
            return {"inlineData": {"mimeType": f"audio/{kind}", "data": data}}
    return _unreadable("a sound without data")


def _file(file: Any) -> dict[str, Any]:
    match file:
        case {"file_data": str(data)}:
            kind = _kind_of(str(file.get("filename", "")), "application/pdf")
            if data.startswith("data:"):
                return _linked(data, kind)
            return {"inlineData": {"mimeType": kind, "data": data}}
    return _unreadable("a file by its id")


def _linked(url: str, kind: str) -> dict[str, Any]:
    """A data: URL as inlineData, another as fileData."""
    if not url.startswith("data:"):
        return {"fileData": {"mimeType": _kind_of(url.partition("?")[0], kind), "fileUri": url}}
    head, _, data = url.partition(",")
    found = head[5:].partition(";")[0].lower() or kind
    if found == "image/gif":  # …/docs/image-understanding: PNG, JPEG, WebP, HEIC, HEIF
        return _unreadable("a GIF image")
    return {"inlineData": {"mimeType": found, "data": data}}


def _kind_of(name: str, otherwise: str) -> str:
    # The last part alone: guess_type would take a whole address apart, and raise for a wrong one.
    return mimetypes.guess_type(name.rpartition("/")[2])[0] or otherwise


def _unreadable(what: str) -> dict[str, Any]:
    raise Unsupported("messages", f"This model's provider can't be given {what}.")


_MEDIA: Final = {"image_url": _image, "input_audio": _sound, "file": _file}
