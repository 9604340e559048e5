"""The data plane as an ASGI application: the billable routes, and nothing else.

`Gateway` wraps the application that owns every other path. Its worker lives and dies with the lifespan.
"""

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from billing.ids import new_op_id
from proxy.config import Config
from proxy.errors import ApiError
from proxy.exchange import Exchange, Receive, Scope, Send
from proxy.relay import relay
from proxy.routes import BILLABLE
from proxy.worker import Worker

log = logging.getLogger(__name__)

Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class Gateway:
    """Billable calls go to the relay, everything else to `rest`."""

    def __init__(self, config: Config, rest: Application) -> None:
        self._worker = Worker(config)
        self._rest = rest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        route = BILLABLE.get(scope["path"]) if scope["type"] == "http" else None
        if route is None:
            await self._rest(scope, receive, send)
        elif scope["method"] == route[0]:
            await self._serve(scope, receive, send)
        else:
            error = ApiError(
                405, "method_not_allowed", f"Use {route[0]} for this address.", headers={"allow": route[0]}
            )
            await Exchange(scope, receive, send, str(new_op_id())).refuse(error)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await relay(self._worker, scope, receive, send)
        except Exception:
            # Before admission: the hold, if there is one, is given back as unknown. No body in the log.
            log.exception("a request broke before it was admitted")
            exchange = Exchange(scope, receive, send, str(new_op_id()))
            await exchange.refuse(ApiError(500, "internal_error", "Something went wrong on our side."))

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message: Any = await receive()
            if message["type"] == "lifespan.startup":
                await self._worker.start()
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                await self._worker.stop()
                await send({"type": "lifespan.shutdown.complete"})
                return
