"""Where a call would go, and why: its plan is made and told, but nothing is held and nobody is asked.

The wallet isn't looked at: whether it can pay is the ledger's to say, and only a real call asks it.
"""

from typing import Any

import orjson

from billing.ids import new_op_id
from billing.money import exact_uzs
from proxy.call import Call
from proxy.errors import ApiError
from proxy.exchange import JSON, ClientGone, Exchange, Receive, Scope, Send
from proxy.job import KEPT_MAX
from proxy.keys import Caller
from proxy.meter import charge, total
from proxy.plan import LARGEST, Plan, considered, expected, told
from proxy.relay import authenticate, limit, refuse
from proxy.routes import Route
from proxy.surfaces import SURFACES
from proxy.wishes import lifted
from proxy.worker import Worker


async def foretell(worker: Worker, route: Route, scope: Scope, receive: Receive, send: Send) -> None:
    """Serves one request of /v1/route."""
    surface = SURFACES[route.surface]
    exchange = Exchange(scope, receive, send, str(new_op_id()), (route, surface.voice))
    caller: Caller | None = None
    try:
        caller = await authenticate(worker, exchange)
        await limit(worker, exchange, caller, None)
        call = lifted(surface.parse(await exchange.body(), exchange.inbound))
        plan = worker.market.plan(caller, call, worker.vitals)
    except ApiError as error:
        await refuse(worker, exchange, caller, error)
        return
    except ClientGone:
        return
    headers = [(b"x-cloudapi-route", told(plan.reasons))]
    await exchange.answer(200, orjson.dumps(forecast(call, plan)), headers, JSON)


def forecast(call: Call, plan: Plan) -> dict[str, Any]:
    """What is told of a plan. Prices in so'm: of a usual answer by whom is asked first, and the most to hold.

    free: a free unit would pay, while today's last.
    """
    first = plan.candidates[0]
    usual = total(expected(call), first.price.sale)
    most = max(c.fixed_micros + charge(plan.output_max, c.output_price) for c in plan.candidates)
    return {
        "object": "route",
        "model": first.route.served,
        "provider": first.endpoint.provider.slug,
        "strategies": list(first.route.tags or call.wishes.sort),
        "candidates": [considered(reason) for reason in plan.reasons[:KEPT_MAX]],
        "estimated_price_uzs": exact_uzs(min(usual, LARGEST)),
        "max_price_uzs": exact_uzs(min(most, LARGEST)),
        "free": plan.free,
        "sandbox": first.route.sandbox,
    }
