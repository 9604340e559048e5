"""How many tokens a prompt has: the guards of a billable call, but nothing is held and nobody pays.

Claude Code asks 24 times in a burst (api.md §0.7), so it has a rate window of its own. A model whose first
endpoint is Anthropic's is counted there, others here.
"""

import asyncio
from dataclasses import replace
from typing import Any, Final

from proxy import tokens
from proxy.call import Call
from proxy.dialects import anthropic, messages_count
from proxy.errors import VerbatimError
from proxy.exchange import Headers
from proxy.keyring import with_key
from proxy.keys import Caller
from proxy.plan import Plan
from proxy.sites import SitesFull
from proxy.upstream import UpstreamError
from proxy.worker import Worker
from routing.pick import UNKNOWN

PATIENCE_S: Final = 8.0
# Characters counted at a stretch, about a millisecond.
_STRETCH: Final = 32 * 1024


async def count(worker: Worker, caller: Caller, call: Call) -> tuple[dict[str, Any], Headers]:
    """What count_tokens answers. Raises ApiError."""
    plan = _planned(worker, caller, call)
    found = await _asked(worker, plan, call)
    return {"input_tokens": await _counted(call) if found is None else found}, []


def _planned(worker: Worker, caller: Caller, call: Call) -> Plan:
    """A prompt over the window is counted too, as its length is what the caller wants to know; and where all
    sites are full, as counting takes no place.
    """
    any_length = replace(call, input_bound=0)
    try:
        return worker.market.plan(caller, any_length, worker.vitals)
    except SitesFull:
        return worker.market.plan(caller, any_length, UNKNOWN)


async def _asked(worker: Worker, plan: Plan, call: Call) -> int | None:
    """The provider's own count; None where it has none or doesn't tell. Raises ApiError for its refusal."""
    endpoint = plan.candidates[0].endpoint
    if endpoint.provider.dialect != "anthropic":
        return None
    try:
        keyed = with_key(endpoint, worker.keyring.pick(endpoint))
        opened = await worker.upstream.open(keyed.provider, anthropic.count_ask(call, endpoint), PATIENCE_S)
        try:
            return anthropic.read_count(await opened.read(worker.watch, PATIENCE_S))
        finally:
            opened.close()
    except UpstreamError as error:
        if error.body and error.status is not None:
            raise VerbatimError(error.status, error.body) from None
        return None


async def _counted(call: Call) -> int:
    """Our own count, in stretches between which other calls have their turn."""
    weight = messages_count.weigh(call)
    found = weight.tokens
    for piece in messages_count.pieces(weight.texts, _STRETCH):
        found += tokens.count(piece)
        await asyncio.sleep(0)
    return found
