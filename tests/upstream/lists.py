"""Lists of models, as told: PUT an answer to a list's address, and GET gives it, faults included.

The answer is JSON: {"status", "type", "body" (any JSON) or "text", "pad" (so many blanks more), "headers",
"cut" (the connection ends so many bytes early), "key" (what must come along, else 401)}. A path with a query
may have an answer of its own. Nothing told: two models by name.
"""

import json
from typing import Any

from tests.upstream.wire import Request, Wire

_told: dict[str, dict[str, Any]] = {}
_DEFAULT = {"object": "list", "data": [{"id": "echo", "object": "model"}, {"id": "alpha", "object": "model"}]}


async def tell(server: Any, request: Request, wire: Wire, provider: str) -> None:
    """What the list at this address answers from now on."""
    _told[request.target] = json.loads(request.body)
    await _answer(wire, {"body": {"ok": True}})


async def models(server: Any, request: Request, wire: Wire, provider: str) -> None:
    """The list."""
    told = _told.get(request.target) or _told.get(request.path) or {"body": _DEFAULT}
    if told.get("key") and told["key"] not in [value for _, value in request.headers]:
        told = {"status": 401, "body": {"error": {"message": f"wrong key {request.headers}"}}}
    await _answer(wire, told)


async def _answer(wire: Wire, told: dict[str, Any]) -> None:
    data = (told["text"] if "text" in told else json.dumps(told.get("body"))).encode() + b" " * told.get(
        "pad", 0
    )
    headers = (("content-type", told.get("type", "application/json")), *map(tuple, told.get("headers", ())))
    await wire.head(told.get("status", 200), headers, length=len(data))
    cut = told.get("cut", 0)
    await wire.body(data[: len(data) - cut])
    if cut:
        wire.close()
