"""The data plane as an ASGI application: the billable routes, and nothing else.

`Gateway` wraps the application that owns every other path. Its worker lives and dies with the lifespan.
"""

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from billing.ids import new_op_id
from proxy.config import Config
from proxy.count import count
from proxy.dry_run import foretell, meant
from proxy.errors import ApiError
from proxy.exchange import Exchange, Receive, Scope, Send
from proxy.relay import relay
from proxy.routes import BILLABLE, Route
from proxy.surfaces import SURFACES
from proxy.unbilled import unbilled
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
        elif scope["method"] == route.method:
            await self._serve(route, scope, receive, send)
        elif route.shared:
            await self._rest(scope, receive, send)
        else:
            allowed = route.method
            error = ApiError(
                405, "method_not_allowed", f"Use {allowed} for this address.", headers={"allow": allowed}
            )
            await _exchange(route, scope, receive, send).refuse(error)

    async def _serve(self, route: Route, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            if route.dry_run:
                await self._foretell(route, scope, receive, send)
            elif route.counts_rpm:
                await unbilled(self._worker, _exchange(route, scope, receive, send), count)
            else:
                await relay(self._worker, route, scope, receive, send)
        except Exception:
            # Before admission: the hold, if there is one, is given back as unknown. No body in the log.
            log.exception("a request broke before it was admitted")
            error = ApiError(500, "internal_error", "Something went wrong on our side.")
            await _exchange(route, scope, receive, send).refuse(error)

    async def _foretell(self, route: Route, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            route = meant(route, scope["query_string"])
        except ApiError as error:
            await _exchange(route, scope, receive, send).refuse(error)
            return
        await unbilled(self._worker, _exchange(route, scope, receive, send), foretell)

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


def _exchange(route: Route, scope: Scope, receive: Receive, send: Send) -> Exchange:
    """For an answer without a call."""
    return Exchange(scope, receive, send, str(new_op_id()), (route, SURFACES[route.surface].voice))
