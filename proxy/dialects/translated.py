"""A translated answer: an upstream's reader on one side, a caller's writer on the other."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from proxy.bridge import EVENTS, Answer
from proxy.call import Call
from proxy.dialects.events import Reader, Said, Writer, said
from proxy.dialects.spoken import Spoken
from proxy.errors import ApiError
from proxy.meter import Usage

# (call, the answer, the model's name, its usage) → the body that the caller gets.
Whole = Callable[[Call, Said, str, Usage], bytes]


@dataclass(slots=True)
class Translated(Spoken):
    """bridge.Stream over a Reader and a Writer."""

    reader: Reader
    writer: Writer

    def feed(self, data: bytes) -> bytes:
        events = self.reader.feed(data)
        for event in events:
            self.say(said(event))
        return self.writer.write(events) if events else b""

    @property
    def usage(self) -> Any:
        return self.reader.usage

    @property
    def finish_reason(self) -> str:
        return self.reader.finish_reason

    @property
    def events(self) -> int:
        return self.reader.events

    @property
    def error(self) -> Any:
        return self.reader.error

    @property
    def done(self) -> bool:
        return self.reader.done

    @property
    def broken(self) -> bool:
        return self.reader.broken

    @broken.setter
    def broken(self, value: bool) -> None:
        self.reader.broken = value

    @property
    def begun(self) -> bool:
        return self.said > 0

    @property
    def over(self) -> bool:
        return self.reader.done or self.reader.broken or self.reader.error is not None

    @property
    def complete(self) -> bool:
        return self.reader.complete

    @property
    def kind(self) -> bytes:
        return EVENTS

    def end(self, usage: Usage, note: Mapping[str, Any]) -> bytes:
        return self.writer.end(self.reader.finish_reason, usage, note)

    def failed(self, error: ApiError, request_id: str) -> bytes:
        return self.writer.failed(error, request_id)


def answer(call: Call, found: Said | None, model: str, whole: Whole) -> Answer | None:
    """A whole answer for the caller; None if the upstream's could not be read."""
    if found is None:
        return None
    text = b"".join(map(said, found.events))

    def told(usage: Usage) -> bytes:
        return whole(call, found, model, usage)

    return Answer(b"", found.usage, found.finish_reason, text, told=told)
