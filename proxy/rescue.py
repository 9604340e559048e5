"""A stream that broke after its first byte: who wants it rescued, and what another endpoint is handed."""

from collections.abc import Mapping
from typing import Any, Final

from proxy import tokens
from proxy.dialects.spoken import Spoken
from proxy.job import Job, Part
from proxy.meter import Usage
from proxy.pump import Pump

_REQUESTS_FAULT: Final = frozenset({
    "invalid_request_error", "INVALID_ARGUMENT", "content_filter", "content_policy_violation",
    "context_length_exceeded",
})  # fmt: skip
# Of the 4xx, those that another endpoint may not answer with.
_PASSING: Final = frozenset({401, 402, 403, 408, 429})


def is_wished(job: Job) -> bool:
    """Whether the caller, or else the project, wants it, and a stream of this kind can be handed over."""
    wish = job.call.wishes.rescue
    if not (job.caller.rescue if wish is None else wish):
        return False
    call = job.call
    return call.modality == "chat" and call.stream and call.copies == 1 and not _is_bound(call.body)


def _is_bound(body: Mapping[str, Any]) -> bool:
    """To a form that two models can't fill in together, or to more than words."""
    text, config = body.get("text"), body.get("output_config")
    forms = (
        body.get("response_format"),
        body.get("output_format"),
        text.get("format") if isinstance(text, dict) else None,
        config.get("format") if isinstance(config, dict) else None,
    )
    if any(isinstance(form, dict) and form.get("type") != "text" for form in forms):
        return True
    modalities = body.get("modalities")
    speaks = isinstance(modalities, list) and "audio" in modalities
    return speaks or bool(body.get("logprobs") or body.get("top_logprobs"))


def handed_over(job: Job, pump: Pump, usage: Usage, *, counted: bool) -> Part | None:
    """What the next endpoint is to go on with; None where it can't, exactly.

    usage: of the part that came. counted: its input by the provider's own count.
    """
    stream = pump.stream
    tape = stream.tape if isinstance(stream, Spoken) else None
    told = tape.text if tape is not None else None
    if told is None or job.exchange.gone or _is_requests_fault(stream.error) or usage.output >= job.room:
        return None
    said = told.rstrip()
    return Part(job.candidate, usage, counted, told, tokens.count(said), bool(stream.text_bytes))


def _is_requests_fault(error: Any) -> bool:
    """Whether an error event speaks of the request, which the next endpoint would refuse just the same."""
    if not isinstance(error, dict):
        return False
    words = {error.get("type"), error.get("status"), error.get("code")}
    if any(isinstance(word, str) and word in _REQUESTS_FAULT for word in words):
        return True
    return any(isinstance(word, int) and 400 <= word < 500 and word not in _PASSING for word in words)
