"""How many tokens a Messages request has, without asking anybody: its texts, and a formula for the rest.

The vendors' own counts differ by a few percent; nobody is charged by this one.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from proxy.bridge import Unsupported
from proxy.call import Call
from proxy.dialects import media
from proxy.dialects.messages_to_chat import chat

# Of a message, a tool and an answer's beginning, beside their text (OpenAI's cookbook).
_MESSAGE: Final = 4
_TOOL: Final = 8
_ANSWER: Final = 3
# Anthropic, "Vision": width × height / 750, after scaling to 1,568 pixels on the longer side.
_PIXELS_PER_TOKEN: Final = 750
_SIDE: Final = 1568
IMAGE_MAX: Final = 1600
# A page of a PDF is about 2,000 tokens in 40 KB.
_FILE_BYTES_PER_TOKEN: Final = 20


@dataclass(frozen=True, slots=True)
class Weight:
    """`texts` are to be tokenized; `tokens`: what the rest comes to."""

    texts: tuple[str, ...]
    tokens: int


@dataclass(slots=True)
class _Scale:
    texts: list[str] = field(default_factory=list)
    tokens: int = _ANSWER

    def message(self, message: Mapping[str, Any]) -> None:
        self.tokens += _MESSAGE
        content = message.get("content")
        if isinstance(content, str):
            self.texts.append(content)
        for part in content if isinstance(content, list) else ():
            self._part(part)
        for call in message.get("tool_calls", ()):
            self.tokens += _TOOL
            self.texts += [call["function"]["name"], call["function"]["arguments"]]

    def tools(self, tools: list[dict[str, Any]]) -> None:
        self.tokens += _TOOL * len(tools)
        self.texts += [orjson.dumps(tool["function"]).decode() for tool in tools]

    def _part(self, part: Mapping[str, Any]) -> None:
        if part["type"] == "text":
            self.texts.append(part["text"])
        elif part["type"] == "image_url":
            self.tokens += image_tokens(*media.pixels(part["image_url"]["url"]))
        else:
            self.tokens += media.text_bytes(part) // _FILE_BYTES_PER_TOKEN


def weigh(call: Call) -> Weight:
    """What is to be counted of a request."""
    try:
        body = chat(call)
    except Unsupported:  # files kept at the vendor's: nobody here can know their length
        return Weight((), call.input_estimate)
    scale = _Scale()
    for message in body["messages"]:
        scale.message(message)
    scale.tools(body.get("tools", []))
    if "response_format" in body:
        scale.texts.append(orjson.dumps(body["response_format"]).decode())
    return Weight(tuple(scale.texts), scale.tokens)


def image_tokens(width: int, height: int) -> int:
    """Tokens of an image; the most there can be where its size isn't known."""
    if not width or not height:
        return IMAGE_MAX
    longer = max(width, height)
    if longer > _SIDE:
        width, height = width * _SIDE // longer, height * _SIDE // longer
    return min(IMAGE_MAX, -(-width * height // _PIXELS_PER_TOKEN))


def pieces(texts: tuple[str, ...], size: int) -> Iterator[str]:
    """Texts in pieces of at most `size` characters, so that nobody waits for a long one to be counted."""
    for text in texts:
        for start in range(0, len(text), size):
            yield text[start : start + size]
