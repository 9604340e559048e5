"""Questions of the data plane that cost nothing: the guards of a billable call, but nothing is held or
charged."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import orjson

from proxy.call import Call
from proxy.errors import ApiError
from proxy.exchange import JSON, ClientGone, Exchange, Headers
from proxy.keys import Caller
from proxy.relay import authenticate, limit, refuse
from proxy.surfaces import SURFACES
from proxy.wishes import lifted
from proxy.worker import Worker

# (worker, caller, call) → what is told, and its headers; raises ApiError.
Telling = Callable[[Worker, Caller, Call], Awaitable[tuple[Mapping[str, Any], Headers]]]


async def unbilled(worker: Worker, exchange: Exchange, tell: Telling) -> None:
    """Serves one such question to its end."""
    caller: Caller | None = None
    try:
        caller = await authenticate(worker, exchange)
        await limit(worker, exchange, caller, None)
        parse = SURFACES[exchange.route.surface].parse
        call = lifted(parse(await exchange.body(), exchange.inbound))
        told, headers = await tell(worker, caller, call)
    except ApiError as error:
        await refuse(worker, exchange, caller, error)
        return
    except ClientGone:
        return
    await exchange.answer(200, orjson.dumps(told), headers, JSON)
