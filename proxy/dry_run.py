"""Where a call would go, and why: its plan is made and told, but nothing is held and nobody is asked.

`?path=` names the billable address that the body is meant for; without it a chat call is.
The wallet isn't looked at: whether it can pay is the ledger's to say, and only a real call asks it.
"""

from dataclasses import replace
from typing import Any, Final
from urllib.parse import parse_qsl

from billing.money import exact_uzs
from proxy.call import Call
from proxy.errors import invalid
from proxy.exchange import Headers
from proxy.keys import Caller
from proxy.meter import charge, total
from proxy.plan import LARGEST, Plan, considered, expected, told
from proxy.routes import BILLABLE, Route
from proxy.worker import Worker

_CHAT: Final = "/v1/chat/completions"
# What can be foretold: every address where something is bought.
PATHS: Final = tuple(path for path, route in BILLABLE.items() if not route.counts_rpm)


def meant(route: Route, query: bytes) -> Route:
    """The dry run of the address that the query names, in its dialect. Raises ApiError 400."""
    path = dict(parse_qsl(query.decode("latin-1"), keep_blank_values=True)).get("path", _CHAT)
    if path not in PATHS:
        raise invalid("invalid_value", f"'path' must be one of {list(PATHS)}.", "path")
    call = BILLABLE[path]
    return replace(route, surface=call.surface, form=call.form, json_too=call.json_too)


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
