"""What a caller is told when a call is refused or fails.

The only place that knows HTTP statuses and error codes. One body serves the OpenAI and the Anthropic SDKs:
``{"type": "error", "error": {"message", "type", "param", "code"}, "request_id"}``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

INVALID = "invalid_request_error"

_TYPES = {
    401: INVALID,
    402: "billing_error",
    403: "permission_error",
    404: INVALID,
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    502: "upstream_error",
    503: "overloaded_error",
    504: "timeout_error",
}
# Statuses that both SDKs repeat by themselves although only the caller can mend these codes.
_HOPELESS = {401, 402}
_HOPELESS_CODES = {"free_quota_exceeded", "no_endpoint", "idempotency_in_progress", "already_completed"}


@dataclass(frozen=True, slots=True)
class Voice:
    """How a caller's client wants to be told: error types by status, and the framing inside a stream.

    `ping` keeps a silent stream open; empty where the dialect has nothing of that kind.
    """

    types: Mapping[int, str]
    error_event: bytes
    ping: bytes


OPENAI: Final = Voice(_TYPES, b"data: ", b": ping\n\n")
# Anthropic's names (docs: "Errors"); every event needs its name (api.md §2.3).
ANTHROPIC: Final = Voice(
    _TYPES | {401: "authentication_error", 404: "not_found_error", 502: "api_error"},
    b"event: error\ndata: ",
    b'event: ping\ndata: {"type":"ping"}\n\n',
)
# The Responses API names its events too (api.md §4).
RESPONSES: Final = Voice(_TYPES, b"event: error\ndata: ", b": ping\n\n")
# An answer of bytes: nothing can be said in the middle of it.
BINARY: Final = Voice(_TYPES, b"", b"")


class ApiError(Exception):
    """A refusal with its HTTP status, code and message in the caller's dialect."""

    def __init__(  # noqa: PLR0913
        self,
        status: int,
        code: str,
        message: str,
        *,
        param: str | None = None,
        headers: Mapping[str, str] | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.param = param
        self.details = dict(details or {})
        self.headers = dict(headers or {})
        if status in _HOPELESS or code in _HOPELESS_CODES:
            self.headers["x-should-retry"] = "false"
        if status == 401:
            self.headers["www-authenticate"] = 'Bearer realm="cloudapi"'

    def type(self, voice: Voice = OPENAI) -> str:
        return voice.types.get(self.status, INVALID if self.status < 500 else "api_error")

    def payload(self, request_id: str, voice: Voice = OPENAI) -> dict[str, Any]:
        error = {
            "message": self.message,
            "type": self.type(voice),
            "param": self.param,
            "code": self.code,
            **self.details,
        }
        return {"type": "error", "error": error, "request_id": request_id}

    def body(self, request_id: str, voice: Voice = OPENAI) -> bytes:
        return orjson.dumps(self.payload(request_id, voice))

    def event(self, request_id: str, voice: Voice = OPENAI) -> bytes:
        """The same error inside a stream that has begun (api.md §1.3, §2.3)."""
        return voice.error_event + self.body(request_id, voice) + b"\n\n"


class VerbatimError(ApiError):
    """An upstream's own refusal of the caller's request, in its own words (same dialect, secrets removed)."""

    def __init__(self, status: int, words: bytes) -> None:
        super().__init__(status, "upstream_refused", "The provider refused the request.")
        self.words = words

    def body(self, request_id: str, voice: Voice = OPENAI) -> bytes:
        return self.words

    def event(self, request_id: str, voice: Voice = OPENAI) -> bytes:
        return voice.error_event + b" ".join(self.words.split()) + b"\n\n"


def invalid(code: str, message: str, param: str | None = None) -> ApiError:
    """400: the request itself is wrong."""
    return ApiError(400, code, message, param=param)


def no_endpoint(model: str) -> ApiError:
    """503: the model is known, but nothing that serves it is configured or up."""
    return ApiError(503, "no_endpoint", f"No provider serves the model '{model}' at the moment.")


def unavailable(code: str, message: str, retry_after_s: int = 2) -> ApiError:
    """503: a part of ours is away for a moment; a retry helps."""
    return ApiError(503, code, message, headers={"retry-after": str(retry_after_s)})
