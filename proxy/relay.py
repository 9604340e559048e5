"""The life of a billable call. Reading this file top to bottom equals running it (ARCHITECTURE §2).

Credentials are checked before the body is read: nobody anonymous makes us take in and parse 32 MB. Steps 6 to
9 run in a task that the worker owns (serve.py), because a client that leaves must not take them along.
"""

import time

from billing.holds import Reserve
from billing.ids import new_op_id
from proxy import anonymous
from proxy.call import Call
from proxy.errors import ApiError
from proxy.exchange import ClientGone, Exchange, Receive, Scope, Send
from proxy.failpoint import failpoint
from proxy.idempotency import claimed
from proxy.job import Grant, Job, nothing_yet
from proxy.keys import Caller
from proxy.market import Market
from proxy.plan import Plan, too_old
from proxy.routes import Route
from proxy.serve import Serving
from proxy.sites import SitesFull
from proxy.surfaces import SURFACES
from proxy.video.books import drafted
from proxy.video.serve import VideoServing
from proxy.windows import windows
from proxy.wishes import lifted
from proxy.worker import Worker

# The longest call (15 minutes) and a minute to settle it.
HOLD_TTL_S = 16 * 60
# Whoever waits for a place at a site looks at least so often: a queue over there may have shortened.
LOOK_S = 0.25


async def relay(worker: Worker, route: Route, scope: Scope, receive: Receive, send: Send) -> None:
    """Serves one request of the data plane to its end; whatever is wrong is told in the caller's dialect."""
    op = new_op_id()
    surface = SURFACES[route.surface]
    exchange = Exchange(scope, receive, send, str(op), (route, surface.voice))
    caller: Caller | None = None
    try:
        caller = await authenticate(worker, exchange)
        if caller.anonymous:
            await limit(worker, exchange, caller, None)
        raw = await exchange.body()
        call = lifted(surface.parse(raw, exchange.inbound), pins=caller.is_platform)
        market, plan = await planned(worker, caller, call)
        plan.check_rate(caller)
        if not caller.anonymous:
            await limit(worker, exchange, caller, plan)
        elif not plan.free:
            raise anonymous.sign_in(plan.model.slug)
        async with claimed(worker, exchange, caller, op, raw):
            job = Job(op, exchange, caller, call, plan, nothing_yet(plan), market.rates.fx_date.isoformat())
            await reserve(worker, job)
    except ApiError as error:
        await refuse(worker, exchange, caller, error)
        return
    except ClientGone:
        return
    if caller.seal is not None:
        exchange.reel = worker.keeper.reel(caller.seal, raw, exchange.header(b"content-type"))
    failpoint("after_reserve")
    serve = VideoServing if surface.is_job else Serving
    serving = worker.own(serve(worker, job))  # call upstream, relay, meter, settle, log
    await exchange.over()
    if exchange.gone:
        serving.client_left()


async def planned(worker: Worker, caller: Caller, call: Call) -> tuple[Market, Plan]:
    """Step 3. While all sites of a hosted model are full, waits for a place as long as they allow. Raises
    ApiError 400, 403, 404, 429 or 503."""
    until = 0.0
    while True:
        market = worker.market
        try:
            return market, market.plan(caller, call, worker.vitals)
        except SitesFull as full:
            now = time.monotonic()
            until = until or now + full.budget_ms / 1000
            if now >= until:
                raise
            await worker.vitals.place(min(until - now, LOOK_S))


async def authenticate(worker: Worker, exchange: Exchange) -> Caller:
    """Step 2. Raises ApiError 400, 401, 403, 413, 415 or 503."""
    stranger = exchange.route.anonymous_rpm and exchange.is_anonymous
    if stranger:
        exchange.body_max = anonymous.BODY_MAX
    exchange.check(worker.config.hosts)
    if stranger:
        return worker.anonymous.caller()
    return await worker.keys.authenticate(
        exchange.all(b"authorization"), exchange.all(b"x-api-key"), exchange.ip
    )


async def limit(worker: Worker, exchange: Exchange, caller: Caller, plan: Plan | None) -> None:
    """Step 4. Raises ApiError 429; what is left of the tightest window goes out with every answer."""
    taken = await worker.limiter.take(windows(worker.config, exchange, caller, plan))
    exchange.taken = taken
    if not taken.allowed:
        raise ApiError(
            429,
            "rate_limit_exceeded",
            f"Over {taken.limit} requests per minute; try again in {taken.reset_s} s.",
            headers={"retry-after": str(taken.reset_s)},
        )


async def reserve(worker: Worker, job: Job) -> None:
    """Step 5: the worst case of the call is held. Raises ApiError 402, 429 or 503."""
    caller, candidates = job.caller, job.plan.candidates
    item = _wanted(worker, job)
    try:
        if SURFACES[job.call.kind].is_job:
            answer = await worker.videos.open(item, drafted(job, worker.epoch))
        else:
            answer = await worker.books.reserve(item)
    except ApiError as error:
        if caller.anonymous and error.status == 402:
            raise anonymous.spent(error) from None
        if job.plan.stale and error.code == "insufficient_balance":
            raise too_old() from None
        raise
    kept = tuple(candidates[place] for place in answer["keep"])
    job.grant = Grant(answer["out"], answer["free"], answer["hold"], kept or candidates)


def _wanted(worker: Worker, job: Job) -> Reserve:
    caller, plan = job.caller, job.plan
    return Reserve(
        id=job.id,
        org=caller.organization,
        project=caller.project,
        key=caller.key,
        candidates=plan.bids(caller),
        out_min=plan.output_min,
        out_max=plan.output_max,
        ttl_s=HOLD_TTL_S,
        owner=worker.epoch,
        quote={"candidates": plan.quote()},
        free_wish=plan.free and not caller.anonymous,
        free_ok=caller.free_units,
        free_quota=worker.config.free_quota,
        builtin=caller.builtin,
    )


async def refuse(worker: Worker, exchange: Exchange, caller: Caller | None, error: ApiError) -> None:
    """An answer without a call: counted per key and minute, told with the caller's rate windows."""
    if caller is not None:
        worker.refusals.add(caller.key, error.code)
    if exchange.taken is None and (caller is not None or exchange.route.anonymous_rpm):
        exchange.taken = await worker.limiter.take(windows(worker.config, exchange, caller, None))
    await exchange.refuse(error)
