"""What a caller asks for, parsed once at the door. Pure values; inside the plane nobody reads raw JSON."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from accounts.values import value
from routing.pick import ANY, Rules

_NONE: Final[Mapping[str, int]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Part:
    """One file of a multipart form."""

    of: str  # the form's field
    name: str
    kind: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Wishes:
    """models: further names to try in this order. sort: the tag to use where the name carries none.

    rescue: a stream that breaks after its first byte may be continued by another endpoint; None: as the
    project has it.
    """

    models: tuple[str, ...] = ()
    rules: Rules = ANY
    sort: tuple[str, ...] = ()
    rescue: bool | None = None


NO_WISHES: Final = Wishes()


@value(frozen=True)
class Call:
    """One billable request, checked and bounded, before anything has moved.

    kind: the name of its surface (proxy/surfaces.py).
    body: the parsed request in the caller's dialect, its order kept.
    input_bound: tokens that the prompt can't exceed.
    units: what else is paid for, at most: image, second, character.
    sides: the field that asks for it → pixels of the longest side.
    produces: whether output tokens are paid for.
    headers: the caller's own that an upstream of the same dialect gets.
    said: what another endpoint has said of the answer before it broke off, for the next one to go on with.
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
    modality: str = "chat"
    produces: bool = True
    units: Mapping[str, int] = _NONE
    sides: Mapping[str, int] = _NONE
    headers: tuple[tuple[str, str], ...] = ()
    files: tuple[Part, ...] = ()
    wishes: Wishes = NO_WISHES
    said: str = ""


@value(frozen=True)
class Attempt:
    """One try at one endpoint, as the receipt lists it. credential: its number, for operators alone.

    output, output_price: tokens of its part where two endpoints gave the answer, and micros per 10^6 of them.
    """

    endpoint: int
    provider: str
    status: int | None
    error: str | None
    ms: int
    credential: int = 0
    output: int | None = None
    output_price: int = 0

    def report(self) -> dict[str, Any]:
        part = {"output_tokens": self.output, "output_price": self.output_price}
        return {
            "endpoint": self.endpoint,
            "provider": self.provider,
            "status": self.status,
            "error": self.error,
            "ms": self.ms,
            "credential": self.credential,
            **({} if self.output is None else part),
        }
