"""What a caller asks for, parsed once at the door. Pure values; inside the plane nobody reads raw JSON."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Call:
    """One billable request, checked and bounded, before anything has moved.

    `body` is the parsed request with its order kept; only model, output bound and stream_options are ever
    changed on the way out. `input_bound` is a number of tokens that the prompt can't exceed.
    """

    kind: str
    asked: str
    body: Mapping[str, Any]
    stream: bool
    wants_usage: bool
    copies: int
    input_bound: int
    input_estimate: int
    output_limit: int | None
    output_field: str
    needs: frozenset[str]
    remote_media: bool = False


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at one endpoint, as the receipt lists it."""

    endpoint: int
    provider: str
    status: int | None
    error: str | None
    ms: int

    def report(self) -> dict[str, Any]:
        return {
            "endpoint": self.endpoint,
            "provider": self.provider,
            "status": self.status,
            "error": self.error,
            "ms": self.ms,
        }
