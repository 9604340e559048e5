"""One gateway process: what its calls share, and the rounds that keep it alive, current and clean."""

import asyncio
import gc
import logging
import os
import socket
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any
from uuid import UUID

import psycopg

from billing import holds
from billing.errors import BillingError, MissingRate
from billing.rates import load_rates, rates_version
from proxy import tokens
from proxy.anonymous import Anonymous
from proxy.books import AWAY, Books
from proxy.config import Config
from proxy.connection import Connection
from proxy.contents.keeper import Keeper
from proxy.errors import ApiError, unavailable
from proxy.job import Job
from proxy.keyring import Keyring
from proxy.keys import Keys
from proxy.limits import Limiter
from proxy.market import Market
from proxy.plan import Candidate
from proxy.refusals import Refusals
from proxy.replay import replay
from proxy.serve import Serving
from proxy.spool import Spool
from proxy.upstream import Upstream
from proxy.video.books import VideoBooks
from proxy.vitals import Vitals
from proxy.watch import Watch
from routing.credentials import unseal
from routing.snapshot import catalog_version, load_catalog

log = logging.getLogger(__name__)

BEAT_S = 2.0
REPLAY_S = 10.0
STEP_S = 6.0  # for one step of a round; well under the 10 s after which a silent worker is taken for dead
UNKNOWN_EVERY = 3  # beats
UNKNOWN_S = 10  # a hold's age: whoever waited for its reserve has long given up


class Worker:
    """Lives with the ASGI lifespan. Calls that were admitted belong to it, not to their request."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.control = Connection(config.database_url)
        self.keys = Keys(Connection(config.database_url), config.peppers)
        self.anonymous = Anonymous(let_in=config.anonymous)
        self.refusals = Refusals()
        self.watch = Watch()
        self.idle_s = config.idle_s
        self.vitals = Vitals(config.redis_url, config.rest_s)
        self.keyring = Keyring(config.redis_url)
        self.keeper = Keeper(config.database_url, config.content_queue, config.content_part)
        self.epoch = 0
        self._live_workers = 1
        self._market: Market | None = None
        self._servings: dict[asyncio.Task[None], Serving] = {}
        self._rounds: list[asyncio.Task[None]] = []
        self._errands: set[asyncio.Task[None]] = set()
        self._draining = False

    async def start(self) -> None:
        """Raises psycopg.Error when the database isn't there: the process must not serve without it."""
        connection = await self.control.live()
        self.epoch = await holds.heartbeat_start(connection, socket.gethostname(), os.getpid())
        self.spool = Spool(self.config.spool_dir, self.epoch)
        self.books = Books(self.config.database_url, self.spool, self.watch)
        self.videos = VideoBooks(self.config.database_url, self.watch)
        self.limiter = Limiter(self.config.redis_url, lambda: self._live_workers)
        self.upstream = Upstream(self.watch)
        tokens.warm()
        with suppress(MissingRate):  # a new installation has none yet; its pages are there to mend that
            await self._refresh()
        await self.anonymous.load(self.control)
        rounds = (self._beats(), self._replays(), self._listen(), self.watch.run(), self.keyring.run())
        self._rounds = [asyncio.create_task(one) for one in rounds]
        _calm_collector()

    @property
    def market(self) -> Market:
        """Catalog and rates in force. Raises ApiError 503 before there are any, and while draining."""
        if self._draining:
            raise unavailable("shutdown", "The server is restarting; try again.")
        if self._market is None:
            raise ApiError(503, "price_unavailable", "No exchange rate is in force at the moment.")
        return self._market

    def own(self, serving: Serving) -> Serving:
        """Takes an admitted call: from here on it is settled whatever happens to its request."""
        if serving.spooled:
            self._begin(serving.job)
        task = asyncio.create_task(serving.run())
        self._servings[task] = serving
        task.add_done_callback(self._done)
        return serving

    def _begin(self, job: Job) -> None:
        try:
            self.spool.begin(job.name, job.trace())
        except OSError as error:
            log.error("spool: %s", error)

    def _done(self, task: asyncio.Task[None]) -> None:
        job = self._servings.pop(task).job
        if job.exchange.reel is not None:
            self.keeper.put(job.name, job.caller.project, job.at, job.exchange.reel)
        if not task.cancelled() and task.exception() is not None:
            log.error("a call ended badly", exc_info=task.exception())

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)

    def failed_over(self, candidate: Candidate) -> Candidate:
        """By the catalog of now; running calls go on with it while the worker drains."""
        return candidate if self._market is None else self._market.failed_over(candidate)

    async def settle(self, job: Job) -> int:
        return await self.books.settle(job)

    async def stop(self) -> None:
        """Drains: no new calls, running ones get `drain_s` to end, the rest is cut off and settled."""
        self._draining = True
        if self._servings:
            await asyncio.wait(self._servings, timeout=self.config.drain_s)
        for serving in list(self._servings.values()):
            serving.interrupt()
        if self._servings:
            await asyncio.wait(self._servings, timeout=5)
        for rounds in self._rounds:
            rounds.cancel()
        await self._last_rites()

    async def _last_rites(self) -> None:
        await self.books.close()
        await self.videos.close()
        self.spool.close()
        await self.keeper.stop()
        try:
            await self.refusals.flush(self.control)
            await holds.heartbeat_stop(await self.control.live(), self.epoch)
        except (*AWAY, psycopg.Error) as error:
            log.warning("worker %s leaves without saying so: %s", self.epoch, type(error).__name__)
        await self.control.close()
        await self.keys.close()
        self.upstream.close()
        self.limiter.close()
        self.vitals.close()
        self.keyring.close()

    async def _beats(self) -> None:
        """Heartbeat, catalog and rates, counters, old connections; at times the holds that nobody knows."""
        beat = 0
        while True:
            await self._try("heartbeat", self._beat)
            await self._try("sweep", self._sweep)
            await self._try("refresh", self._refresh)
            await self._try("anonymous", lambda: self.anonymous.load(self.control))
            await self._try("vitals", self.vitals.beat)
            await self._try("refusals", lambda: self.refusals.flush(self.control))
            if beat % UNKNOWN_EVERY == UNKNOWN_EVERY - 1:
                await self._try("unknown holds", self._give_back)
            self.upstream.tidy()
            beat += 1
            await asyncio.sleep(BEAT_S)

    async def _replays(self) -> None:
        """Spool files of dead workers; beside the heartbeats, as a long file would make us look dead too."""
        while True:
            try:
                await replay(self.config.spool_dir, self.books)
            except (*AWAY, psycopg.Error) as error:
                log.warning("replay: %s", type(error).__name__)
            await asyncio.sleep(REPLAY_S)

    async def _try(self, what: str, step: Callable[[], Awaitable[object]]) -> None:
        """A round goes on whatever one of its steps meets, and waits for none of them for ever."""
        try:
            async with asyncio.timeout(STEP_S):
                await step()
        except AWAY as error:
            log.warning("%s: %s", what, type(error).__name__)
            await self.control.close()
        except (psycopg.Error, BillingError) as error:
            log.warning("%s: %s", what, type(error).__name__)
        except Exception:
            # A row that can't be read must not end the heartbeat: all our calls would lose their holds.
            log.exception("%s failed", what)

    async def _beat(self) -> None:
        connection = await self.control.live()
        if not await holds.heartbeat(connection, self.epoch):
            # We slept and were taken for dead: our holds are released, late charges still find their way.
            log.error("epoch %s was fenced; taking a new one", self.epoch)
            self.epoch = await holds.heartbeat_start(connection, socket.gethostname(), os.getpid())
        self._live_workers = self.vitals.workers = max(1, await holds.live_workers(connection))

    async def _sweep(self) -> None:
        """The sweeper is Celery's. Where that died as well, the customers' money mustn't wait for it."""
        released = await holds.sweep_if_late(await self.control.live())
        if released:
            log.warning("no sweeper runs; %s holds of dead workers were released here", released)

    async def _refresh(self) -> None:
        """Loads catalog and rates when either changed; both are replaced together."""
        connection = await self.control.live()
        versions = await catalog_version(connection), await rates_version(connection)
        market = self._market
        if market is not None and versions == (market.catalog.version, market.rates.version):
            return
        catalog = await load_catalog(connection, os.environ, unseal)
        self.keyring.keep(catalog.credentials())
        self._market = Market(catalog, await load_rates(connection), demo=self.config.demo)

    async def _give_back(self) -> None:
        # Calls that are over may wait for the database's word still; the spool knows those.
        running = (serving.job.name for serving in self._servings.values())
        known = [UUID(call) for call in {*running, *self.spool.calls()}]
        connection = await self.control.live()
        released = await holds.release_unknown(connection, self.epoch, known, older_s=UNKNOWN_S)
        if released:
            log.warning("%s holds that nobody knew were given back", released)

    async def _listen(self) -> None:
        """NOTIFY is a hint that makes revocation faster; whenever it may have been missed, the cache goes."""
        connection = Connection(self.config.database_url)
        while True:
            try:
                live = await connection.live()
                await live.execute("LISTEN api_key")
                self.keys.forget()
                async for _ in live.notifies():
                    self.keys.forget()
            except (*AWAY, psycopg.Error):
                log.warning("listen: reconnecting")
            finally:
                await connection.close()
            await asyncio.sleep(1)


def _calm_collector() -> None:
    """What was loaded at the start stays for good, and calls leave few cycles: no need to walk it all."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)
