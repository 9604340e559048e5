"""Answers that aren't conversations: a handler for each path, with the same journal and faults."""

import re
from collections.abc import Awaitable, Callable
from typing import Any

from tests.upstream import films, lists
from tests.upstream.anthropic_count import count_tokens
from tests.upstream.wire import Request, Wire

# (the server, request, wire, provider) → the answer is told.
Handler = Callable[[Any, Request, Wire, str], Awaitable[None]]
# (method, path after the provider's prefix) → handler; the first match counts.
HANDLERS: list[tuple[str, re.Pattern[str], Handler]] = [
    ("POST", re.compile(r"/v1/messages/count_tokens"), count_tokens),
    ("GET", re.compile(r"/v1/videos/.+"), films.about),
    ("DELETE", re.compile(r"/v1/videos/.+"), films.about),
    ("GET", re.compile(r"/v1(beta)?/models"), lists.models),
    ("PUT", re.compile(r"/v1(beta)?/models"), lists.tell),
]


def handler_of(method: str, path: str) -> Handler | None:
    """Who answers there."""
    return next((h for verb, pattern, h in HANDLERS if verb == method and pattern.fullmatch(path)), None)
