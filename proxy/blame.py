"""Whose fault a provider's refusal is: our credential's, the request's, or the endpoint's. Pure.

Codes decide where a vendor has them, the beginning of its message where it hasn't: a vendor may repeat a
caller's own words in an error, and nobody's prompt shall take a credential away from all the others.
"""

from enum import Enum
from typing import Any, Final

import orjson


class Fault(Enum):
    """credential: the provider wants no more of it. limited: it has to wait.

    unfit: it isn't for this endpoint. request: somebody's content is refused. endpoint: none of these.
    """

    CREDENTIAL = "credential"
    LIMITED = "limited"
    UNFIT = "unfit"
    REQUEST = "request"
    ENDPOINT = "endpoint"


# Statuses whose words are worth reading although the request may be without fault.
TOLD: Final = frozenset({401, 402, 403, 429})
# Error codes and types of a 403 that is about what was said: OpenAI, Azure, OpenRouter, xAI, Alibaba.
_CONTENT: Final = frozenset(
    {"content_policy_violation", "content_filter", "moderation_blocked", "data_inspection_failed", "safety"}
)
_CONTENT_WORDS: Final = ("moderation", "flagged", "content policy", "usage guidelines", "safety")
# And of one that is about this model, this account or this country, though the credential is good.
_UNFIT: Final = frozenset(
    {
        *("model_not_found", "model_not_available", "model_access_denied", "unsupported_model"),
        *("unsupported_country_region_territory", "unsupported_region", "region_not_supported"),
    }
)
_UNFIT_WORDS: Final = (
    "does not have access to model",
    "not have access to the model",
    "model is not available",
)
# A 402 that a smaller request would not have got (OpenRouter).
_TOO_DEAR: Final = ("fewer max_tokens", "can only afford")
# How a 400 begins that is about our account (Anthropic), and the reason of one about our key (Google).
_ACCOUNT_400: Final = ("your credit balance is too low", "this organization has been disabled")
_KEY_REASONS: Final = (
    "API_KEY_INVALID",
    "API_KEY_SERVICE_BLOCKED",
    "ACCESS_TOKEN_EXPIRED",
    "CONSUMER_SUSPENDED",
)


def fault(status: int | None, body: bytes) -> Fault:
    """Whose fault this answer is. body: the provider's words, empty where they are no JSON object."""
    if status == 401:
        return Fault.CREDENTIAL
    if status == 429:
        return Fault.LIMITED
    if status in (400, 402, 403):
        error = _error(body)
        if status == 400:
            return Fault.CREDENTIAL if _is_our_account(error) else Fault.ENDPOINT
        return _refused_money(error) if status == 402 else _forbidden(error)
    return Fault.ENDPOINT


def _refused_money(error: dict[str, Any]) -> Fault:
    too_dear = any(sign in _message(error) for sign in _TOO_DEAR)
    return Fault.LIMITED if too_dear else Fault.CREDENTIAL


def _forbidden(error: dict[str, Any]) -> Fault:
    """A 403 without a vendor's words is some firewall's, which looks at contents too: nothing is disabled."""
    codes, message = _codes(error), _message(error)
    if not error:
        return Fault.ENDPOINT
    metadata = error.get("metadata")
    if codes & _CONTENT or (isinstance(metadata, dict) and "flagged_input" in metadata):
        return Fault.REQUEST
    if codes & _UNFIT or any(sign in message for sign in _UNFIT_WORDS):
        return Fault.UNFIT
    if any(sign in message for sign in _CONTENT_WORDS):
        return Fault.REQUEST
    return Fault.CREDENTIAL


def _is_our_account(error: dict[str, Any]) -> bool:
    details = error.get("details")
    reasons = (
        [one.get("reason") for one in details if isinstance(one, dict)] if isinstance(details, list) else []
    )
    return _message(error).startswith(_ACCOUNT_400) or any(reason in _KEY_REASONS for reason in reasons)


def _error(body: bytes) -> dict[str, Any]:
    """The error object of any vendor's answer; empty where there is none."""
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    if not isinstance(parsed, dict):
        return {}
    error = parsed.get("error")
    if isinstance(error, dict):
        return error
    return {"message": error} if isinstance(error, str) else parsed


def _codes(error: dict[str, Any]) -> set[str]:
    found = (error.get(name) for name in ("code", "type", "status"))
    return {code.lower() for code in found if isinstance(code, str)}


def _message(error: dict[str, Any]) -> str:
    message = error.get("message")
    return message.strip().lower() if isinstance(message, str) else ""
