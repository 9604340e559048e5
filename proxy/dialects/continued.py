"""A stream that another endpoint goes on with: one answer to the caller, with one beginning and one end.

What the second endpoint says is read into events and written where the first one's words stopped: by the
same writer where the first part was translated, by one that takes up its id and its blocks where it had
passed as it came.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from proxy.bridge import Stream
from proxy.call import Call
from proxy.dialects import (
    anthropic,
    anthropic_reader,
    chat_writer,
    gemini_reader,
    messages_writer,
    openai,
    openai_reader,
)
from proxy.dialects.events import Event, Reader, Text, Writer, said
from proxy.dialects.prefill import ECHOED, Seam
from proxy.dialects.translated import Translated
from proxy.meter import Usage
from routing.snaps import ProviderSnap

_READERS: Final[Mapping[str, Callable[[], Reader]]] = {
    "openai": openai_reader.Reader,
    "pollinations": openai_reader.Reader,
    "anthropic": anthropic_reader.Reader,
    "gemini": gemini_reader.Reader,
}


@dataclass(slots=True)
class Continued(Translated):
    """bridge.Stream of the second part."""

    seam: Seam = field(kw_only=True)

    def feed(self, data: bytes) -> bytes:
        events = self.reader.feed(data)
        self.begun = self.begun or bool(events)
        new = list(self._new(events))
        for event in new:
            self.say(said(event))
        return self.writer.write(new) if new else b""

    def end(self, usage: Usage, note: Mapping[str, Any]) -> bytes:
        rest = self.seam.rest()
        before = self.writer.write([Text(rest)]) if rest else b""
        return before + self.writer.end(self.reader.finish_reason, usage, note)

    def _new(self, events: Iterable[Event]) -> Iterable[Event]:
        for event in events:
            told = self.seam.cut(event.text) if isinstance(event, Text) else self.seam.rest()
            if told:
                yield Text(told)
            if not isinstance(event, Text):
                yield event


def gone_on(call: Call, first: Stream, provider: ProviderSnap, told: str) -> Continued:
    """The stream of who goes on after `first`, which broke after its words `told`."""
    sent = told.rstrip()
    seam = Seam(told[len(sent) :], sent if provider.prefill in ECHOED else "")
    return Continued(_READERS[provider.dialect](), _writer(call, first), seam=seam)


def _writer(call: Call, first: Stream) -> Writer:
    """Takes up where the first part's bytes stopped."""
    match first:
        case Translated():
            return first.writer
        case openai.Stream():
            return chat_writer.taken_up(first)
        case anthropic.Stream():
            return messages_writer.taken_up(call, first.place, is_open=first.is_open)
    raise TypeError(f"{type(first).__name__} is no stream of an answer in words")
