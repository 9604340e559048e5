"""What one answer shall be: read from the request itself, into a frozen Plan."""

import json
from dataclasses import dataclass, fields, replace
from typing import Any, Self

STATUS_FAULTS = {
    "400": 400, "401": 401, "402": 402, "403": 403, "404": 404, "413": 413, "422": 422,
    "429": 429, "500": 500, "502": 502, "503": 503, "504": 504, "529": 529,
}  # fmt: skip
WIRE_FAULTS = frozenset({
    "silence",  # the request is read and never answered
    "reset",  # TCP reset instead of an answer
    "close",  # orderly close instead of an answer
    "stall",  # stops in the middle, connection stays open
    "cut",  # connection ends in the middle, without the end of the body
    "cut_reset",  # the same by a TCP reset
    "truncated",  # the body ends properly, but in the middle: no finish_reason, no usage, no [DONE]
    "cut_utf8",  # connection ends inside a UTF-8 character
    "cut_json",  # connection ends inside a JSON line
    "error_event",  # an error object in the middle of the stream
    "malformed_chunk",  # a line that is no JSON in the middle of the stream
    "huge_line",  # a line of `huge_bytes` in the middle of the stream
    "no_done",  # everything but [DONE]
    "no_usage",  # nobody says how many tokens it took
    "two_usages",  # a small usage first, the true one after it
    "after_done",  # data after [DONE]
    "not_json",  # 200 with a body that is no JSON
    "html",  # 502 with a page of HTML
    "empty",  # 200 with an empty body
    "redirect",  # 307 to somewhere else
    "leak",  # 400 whose message shows the credential that came in
    "set_cookie",  # a good answer with headers that must not be passed on
    "json_for_stream",  # a stream was asked for, one JSON body comes
})  # fmt: skip
LIES = {
    "negative": -5, "huge": 10**12, "string": "12", "float": 1.5, "null": None, "zero": 0, "bool": True,
    "above_max": "above_max",
}  # fmt: skip


class BadDirective(ValueError):
    """A test asked for something that this upstream doesn't know; answered by 400."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One answer. Times are in milliseconds, token counts as they would be reported honestly."""

    run: str = ""  # journal entries and counters are kept per run
    word: str = ""  # all words of an answer without a text, each of them a token
    text: str | None = None  # the answer; None: words, as many as completion_tokens
    prompt_tokens: int | None = None  # None: counted from the messages
    completion_tokens: int | None = None  # None: counted from the text
    cached_tokens: int = 0  # included in prompt_tokens, as are those written to the cache
    cache_write_tokens: int = 0  # for 5 minutes
    cache_write_1h_tokens: int = 0
    reasoning_tokens: int = 0  # included in completion_tokens, as with the vendors
    reasoning: str = ""  # text of `reasoning_content`
    chunks: int | None = None  # content chunks of a stream; None: one per token
    chunk_ms: int = 0  # pause before each further chunk
    first_ms: int = 0  # pause before the first byte of the answer
    tool_calls: tuple[tuple[str, str], ...] = ()  # (name, arguments as JSON text)
    refusal: str = ""
    finish: str = ""  # finish_reason, if not the natural one
    fault: str = ""
    fault_at: int = 2  # content chunks before a fault of the middle
    fail_times: int = 0  # the fault strikes only the first N requests of this run at this provider; 0: always
    status_code: str = ""  # `code` of an error body
    message: str = ""  # message of an error body
    retry_after: str = ""  # Retry-After of an error; 429 has "1" without it, but for "none"
    lie: str = ""  # a usage that is not true: see LIES
    ignore_max: bool = False  # produces and reports more than the caller's bound
    hold: str = ""  # name of the barrier that this answer waits at
    hold_at: str = "start"  # start | middle | end
    eol: str = "\n"  # line end of a stream
    comments: bool = False  # comment lines between the chunks
    bytewise: bool = False  # each byte is written alone
    huge_bytes: int = 2 * 1024 * 1024

    def asking(self, wishes: dict[str, Any]) -> Self:
        """This plan with a directive's wishes; BadDirective for unknown ones."""
        known = {field.name for field in fields(self)}
        if unknown := set(wishes) - known:
            raise BadDirective(f"unknown wishes: {sorted(unknown)}")
        if "tool_calls" in wishes:
            wishes = wishes | {"tool_calls": tuple(_tool_call(call) for call in wishes["tool_calls"])}
        return replace(self, **wishes).checked()

    def checked(self) -> Self:
        """Itself, or BadDirective if it names a fault, lie or barrier place that doesn't exist."""
        if self.fault and self.fault not in STATUS_FAULTS and self.fault not in WIRE_FAULTS:
            raise BadDirective(f"unknown fault {self.fault!r}")
        if self.lie and self.lie not in LIES:
            raise BadDirective(f"unknown lie {self.lie!r}")
        if self.hold_at not in {"start", "middle", "end"}:
            raise BadDirective(f"unknown hold_at {self.hold_at!r}")
        return self


def read_plan(body: dict[str, Any], provider: str, secret: str = "") -> Plan:
    """The plan of a chat request: model name first, the directive over it, `by_provider` on top.

    `by_credential`: wishes for who comes with a secret that has this piece in it; they come last.

    `steps`: the wishes of an agent's loop, one for each answer since that directive; the last one stays.
    """
    plan = Plan().asking(_wishes_of_name(str(body.get("model", ""))))
    if plan.text is None and str(body.get("model")) == "echo":
        plan = replace(plan, text=last_user_text(body))
    wishes, answers = _directive(body)
    own = wishes.pop("by_provider", {}).get(provider, {})
    for piece, more in wishes.pop("by_credential", {}).items():
        own = own | more if piece in secret else own
    if steps := wishes.pop("steps", []):
        wishes |= steps[min(answers, len(steps) - 1)]
    return plan.asking(wishes).asking(own)


def last_user_text(body: dict[str, Any]) -> str:
    """The text of the last user message, parts joined; empty if there is none."""
    for message in reversed(body.get("messages") or []):
        if isinstance(message, dict) and message.get("role") == "user":
            return message_text(message)
    return ""


def message_text(message: dict[str, Any]) -> str:
    """All text of one message."""
    content = message.get("content")
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    texts = [part.get("text") for part in parts if isinstance(part, dict)]
    return " ".join(text for text in texts if isinstance(text, str))


def _directive(body: dict[str, Any]) -> tuple[dict[str, Any], int]:
    """The wishes of the last text of a user that is a directive, and how often the model has answered since.

    Agents put reminders around a prompt and behind the results of its tools.
    """
    messages = [message for message in body.get("messages") or [] if isinstance(message, dict)]
    answers = 0
    for message in reversed(messages):
        answers += message.get("role") == "assistant"
        content = message.get("content")
        parts = [{"text": content}] if isinstance(content, str) else content
        for part in reversed(parts if isinstance(parts, list) else []):
            text = part.get("text") if isinstance(part, dict) else None
            if message.get("role") == "user" and isinstance(text, str) and _is_directive(text):
                return _wishes(text), answers
    return {}, 0


def _is_directive(text: str) -> bool:
    return text.lstrip().startswith('{"upstream"')


def _wishes(text: str) -> dict[str, Any]:
    try:
        found, _ = json.JSONDecoder().raw_decode(text.lstrip())  # reminders may be joined to it
        return dict(found["upstream"])
    except ValueError as error:
        raise BadDirective(f"a directive that is no JSON: {error}") from error


def _wishes_of_name(model: str) -> dict[str, Any]:
    if model.startswith("fault-"):
        return {"fault": model.removeprefix("fault-")}
    wishes: dict[str, Any] = {}
    for part in model.split("--")[1:]:
        name, _, value = part.partition("=")
        wishes[name] = int(value) if value.isdigit() and name not in {"fault", "retry_after"} else value
    return wishes


def _tool_call(call: Any) -> tuple[str, str]:
    if isinstance(call, str):
        return call, "{}"
    arguments = call.get("arguments", {})
    if not isinstance(arguments, str):
        arguments = json.dumps(arguments, ensure_ascii=False)
    return call["name"], arguments
