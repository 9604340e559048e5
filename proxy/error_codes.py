"""Every code that the error envelope can carry, on both planes: its statuses, and words as they come. Pure.

A test holds this list against the places that raise them; the documentation has a page for each.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class ErrorCode:
    """statuses: the usual one first. message: an example; the real one names field, model and figures."""

    statuses: tuple[int, ...]
    message: str


def _code(message: str, *statuses: int) -> ErrorCode:
    return ErrorCode(statuses, message)


CODES: Final[Mapping[str, ErrorCode]] = {
    # Who is calling
    "missing_api_key": _code(
        "No API key was given. Send it as 'Authorization: Bearer <key>' or 'x-api-key: <key>'.", 401
    ),
    "invalid_auth_scheme": _code("The Authorization header must be of the form 'Bearer <key>'.", 401),
    "invalid_api_key": _code("The API key is not known.", 401),
    "api_key_revoked": _code("This API key was revoked.", 401),
    "api_key_expired": _code("This API key has expired.", 401),
    "key_in_url": _code("An API key belongs in the Authorization header, never in a URL.", 401),
    "sign_in_required": _code("'openai/gpt-4o' isn't free: sign in and send an API key.", 401),
    "ambiguous_credentials": _code("The request carries two different API keys.", 400),
    "account_suspended": _code("This account is suspended. Contact support.", 403),
    "ip_not_allowed": _code("This API key may not be used from this address.", 403),
    "scope_missing": _code("This API key lacks the scope 'manage'.", 403),
    "role_not_allowed": _code("Your role in this organization doesn't allow this.", 403),
    "person_needed": _code("No API key may do this. Sign in and do it in the dashboard.", 403),
    "wider_than_parent": _code("A key can't create a key whose 'rpm' is wider than its own.", 403),
    "permission_denied": _code("This is not allowed.", 403),
    "auth_unavailable": _code("Keys can't be checked at the moment.", 503),
    # Money and limits
    "insufficient_balance": _code("The wallet's balance is too small for this call.", 402),
    "budget_exceeded": _code("This project's daily budget is used up.", 402),
    "free_quota_exceeded": _code(
        "Today's free requests are used up; top up the wallet to go on at the standard price.", 429
    ),
    "rate_limit_exceeded": _code("Over 60 requests per minute; try again in 12 s.", 429),
    "sites_full": _code(
        "All sites that serve 'meta-llama/llama-3.1-8b-instruct' are full at the moment; try again shortly.",
        429,
    ),
    "sites_drained": _code("Electricity is too dear at all sites at the moment.", 503),
    "price_unavailable": _code("No exchange rate is in force at the moment.", 503),
    "ledger_busy": _code("This wallet is busy; try again.", 503),
    "ledger_unavailable": _code("Calls can't be charged at the moment; try again.", 503),
    # The model and its providers
    "model_not_found": _code(
        "The model 'openai/gpt-5o' does not exist or you do not have access to it.", 404
    ),
    "model_not_allowed": _code("This project may not use 'openai/gpt-4o'.", 403),
    "model_not_supported": _code("'openai/tts-1' is not a chat model.", 400),
    "invalid_strategy": _code("Unknown strategy '@cheap'; there are @price, @latency, @token_rate.", 400),
    "no_allowed_provider": _code("Your 'provider' rules leave no provider (alpha: ignored).", 400),
    "no_endpoint": _code("No provider serves this model at the moment.", 503),
    "no_price_history": _code("No site of ours hosts this model.", 404),
    "context_length_exceeded": _code("The prompt is too long: 'openai/gpt-4o' reads 128000 tokens.", 400),
    "content_policy_violation": _code("The provider's safety system refused this picture.", 400),
    "upstream_refused": _code("The provider refused the request.", 400, 413, 422),
    "upstream_error": _code("The model's provider failed (http_500).", 502, 503),
    "upstream_overloaded": _code("The model's provider is overloaded.", 503),
    "upstream_timeout": _code("The model's provider did not answer in time.", 504),
    # What was sent
    "invalid_json": _code("The body is not valid JSON.", 400),
    "invalid_unicode": _code("The request body is not valid UTF-8.", 400),
    "duplicate_key": _code("The field 'model' is given twice.", 400),
    "json_too_deep": _code("The request body is nested deeper than 200 levels.", 400),
    "json_too_complex": _code("The request body has over 500000 lists, objects and items.", 400),
    "invalid_form": _code("The form ends before its closing boundary.", 400),
    "too_many_parts": _code("A form may have 128 fields and 20 files.", 400),
    "field_too_large": _code("'prompt' is over 1 MB of text.", 413),
    "missing_required_parameter": _code("The field 'model' is missing.", 400),
    "unknown_parameter": _code("This field is not known.", 400),
    "invalid_type": _code("'tools' must be a list.", 400),
    "invalid_value": _code("'temperature' must be a number from 0 to 2.", 400),
    "conflicting_parameters": _code(
        "'max_tokens' and 'max_completion_tokens' differ; give one of them.", 400
    ),
    "unsupported_parameter": _code("'previous_response_id' is not supported: nothing is stored.", 400),
    "invalid_messages": _code("No tool call found for the output of call 'call_1'.", 400),
    "too_many_messages": _code("'messages' may have 10000 items at most.", 400),
    "tools_too_large": _code("At most 256 tools and 524288 bytes of schemas.", 400),
    "invalid_image": _code("'messages[0].content[1]' is not a PNG, JPEG, GIF or WebP image.", 400),
    "invalid_image_url": _code(
        "'messages[0].content[1]' must be a public https:// address or a data: URL.", 400
    ),
    "image_too_large": _code("'messages[0].content[1]' is over 20 MB.", 413),
    "invalid_idempotency_key": _code("Idempotency-Key must have 1 to 255 printable characters.", 400),
    "idempotency_key_reused": _code("This Idempotency-Key came with another body before.", 422),
    "idempotency_in_progress": _code("This call is still running.", 409),
    "already_completed": _code("This call was answered and charged already; see /v1/generation/….", 409),
    # HTTP
    "bad_request": _code("The request could not be understood.", 400),
    "invalid_http": _code("This is no well-formed HTTP/1.1 request.", 400),
    "invalid_host": _code("The Host header names no site of ours.", 400),
    "invalid_request": _code("A value in the request is not valid.", 422),
    "unknown_url": _code("There is nothing at this address.", 404),
    "not_found": _code("There is no such generation.", 404),
    "method_not_allowed": _code("Use POST for this address.", 405),
    "not_acceptable": _code("This address answers JSON only.", 406),
    "request_timeout": _code("The body stopped coming.", 408),
    "request_too_large": _code("The body is over 32 MB.", 413),
    "unsupported_media_type": _code("Send the body as application/json.", 415),
    "unsupported_charset": _code("Send the body as UTF-8.", 415),
    "unsupported_content_encoding": _code("Send the body uncompressed.", 415),
    "headers_too_large": _code("Request line and headers may have 32 KB and 100 fields.", 431),
    "internal_error": _code("Something went wrong on our side.", 500),
    "database_unavailable": _code("The database is busy or away; try again.", 503),
    "shutdown": _code("The server is restarting; try again.", 503),
    # Videos
    "video_not_ready": _code("The video isn't ready yet; ask for its status first.", 400),
    "video_failed": _code("This video was never made; its status tells why.", 404),
    "video_expired": _code("The video isn't kept any more.", 404),
    "video_gone": _code("The video was deleted or given up meanwhile.", 410),
    "interrupted": _code("The video was given up; try again.", 503),
    "storage_unavailable": _code("The video can't be kept at the moment.", 503),
    # Top-ups
    "first_topup_limit": _code("A first top-up may be 2,000,000 so'm at most.", 400),
    "too_many_topups": _code("Several top-ups still wait for a decision.", 409),
    "reference_known": _code("This transfer was filed before; each counts once.", 409),
    "not_pending": _code("This top-up is decided, or being paid right now.", 409),
}
