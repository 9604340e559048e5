"""The gateway, with a window on its tasks: only for a test's own process."""

import asyncio
from collections import Counter

import orjson

from cloudapi.asgi import application as gateway
from proxy.exchange import Receive, Scope, Send

WINDOW = "/_tasks"


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers WINDOW with the count of tasks by coroutine; the gateway answers everything else."""
    if scope["type"] != "http" or scope["path"] != WINDOW:
        await gateway(scope, receive, send)
        return
    names = Counter(getattr(task.get_coro(), "__qualname__", "?") for task in asyncio.all_tasks())
    head = {"type": "http.response.start", "status": 200, "headers": []}
    await send(head)
    await send({"type": "http.response.body", "body": orjson.dumps(names)})
