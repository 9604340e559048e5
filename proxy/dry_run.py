"""Where a call would go, and why: its plan is made and told, but nothing is held and nobody is asked.

The wallet isn't looked at: whether it can pay is the ledger's to say, and only a real call asks it.
"""

from typing import Any

from billing.money import exact_uzs
from proxy.call import Call
from proxy.exchange import Headers
from proxy.keys import Caller
from proxy.meter import charge, total
from proxy.plan import LARGEST, Plan, considered, expected, told
from proxy.worker import Worker


async def foretell(worker: Worker, caller: Caller, call: Call) -> tuple[dict[str, Any], Headers]:
    """What /v1/route answers. Raises ApiError."""
    plan = worker.market.plan(caller, call, worker.vitals)
    plan.check_rate(caller)
    return forecast(call, plan), [(b"x-cloudapi-route", told(plan.reasons))]


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
        "candidates": [considered(reason) for reason in plan.reasons],
        "estimated_price_uzs": exact_uzs(min(usual, most, LARGEST)),
        "max_price_uzs": exact_uzs(min(most, LARGEST)),
        "free": plan.free,
        "sandbox": first.route.sandbox,
    }
