"""The worker's side of the ledger: reserve before, settle after, and what to do while PostgreSQL is away."""

import asyncio
import contextlib
import logging
from collections.abc import Mapping
from typing import Any

import orjson
import psycopg

from billing.holds import Reserve
from proxy.errors import ApiError, unavailable
from proxy.failpoint import failpoint
from proxy.job import Job
from proxy.lane import LOCKED, Lane, Result
from proxy.spool import Spool
from proxy.watch import Watch

log = logging.getLogger(__name__)

ACK_S = 2.5
RESERVE_S = 2.5  # a caller hears a 503 within 3 s
BUSY_S = 1.7  # and of a wallet that others wait for already within 2 s
RETRY_S = 1.0
AWAY = (psycopg.OperationalError, psycopg.InterfaceError, OSError, TimeoutError)

_BUDGETS = {
    "project_day": "This project's daily budget is used up.",
    "project_month": "This project's monthly budget is used up.",
    "key_cap": "This API key's spend cap is used up.",
    "platform_day": "The platform's daily budget is used up.",
}


class Books:
    """Reserve and settle lanes over one spool."""

    def __init__(self, url: str, spool: Spool, watch: Watch) -> None:
        self._watch = watch
        self._reserving = Lane(url, "reserve_batch")
        self._settling = Lane(url, "record_batch")
        self.spool = spool
        self._unconfirmed: set[asyncio.Task[None]] = set()

    async def reserve(self, item: Reserve) -> Result:
        """The ledger's yes. Raises ApiError 402, 429 or 503."""
        return await admitted(self._reserving, item.org, orjson.dumps(item), self._watch)

    async def settle(self, job: Job) -> int:
        """Closes the call's hold once, in the books or in the spool; the micros charged.

        Without the database's word within 2.5 s the spool is forced to disk, the answer may leave, and the
        charge follows when the database is back. Raises ApiError 503 when the disk doesn't take it either:
        then the answer must not leave, and nothing is charged for it.
        """
        item = job.item()
        data = orjson.dumps(item)
        kept = self._keep(job.name, data)
        failpoint("before_settle")
        try:
            with self._watch.within(ACK_S):
                answer = await self._settling.submit(item["org"], data)
        except AWAY:
            log.warning("call %s: the ledger is away", job.name)
            if kept and await self._forced(job.name):
                self._go_on(job.name, item["org"], data)
                return int(item["cost"])
            job.withdraw()
            self._go_on(job.name, item["org"], orjson.dumps(job.item()))
            raise unavailable("ledger_unavailable", "The call can't be charged at the moment.") from None
        except psycopg.Error:
            self._quarantine(job.name, data)
            return 0
        self.spool.settled(job.name)
        if answer["overrun"]:
            log.error("call %s: %s micros over its hold are our loss", job.name, answer["overrun"])
        return int(answer["charged"])

    async def record(self, item: Mapping[str, Any]) -> None:
        """One replayed item (replay.py); one that the database will never take must not stop the others."""
        data = orjson.dumps(item)
        try:
            await self._settling.submit(item["org"], data)
        except AWAY:
            raise
        except psycopg.Error:
            self._quarantine(item["id"], data)

    async def close(self) -> None:
        """Gives unconfirmed charges one more second; the spool keeps what is left."""
        if self._unconfirmed:
            await asyncio.wait(self._unconfirmed, timeout=RETRY_S)
        for task in self._unconfirmed:
            task.cancel()
        await self._reserving.close()
        await self._settling.close()

    def _keep(self, call: str, data: bytes) -> bool:
        """Whether the spool has taken the settle item."""
        try:
            self.spool.final(call, data)
        except OSError as error:
            log.error("spool: %s", error)
            return False
        return call in self.spool

    async def _forced(self, call: str) -> bool:
        """Whether the call's lines are on the disk."""
        try:
            self.spool.sent(call)
            await asyncio.to_thread(self.spool.sync, call)
        except OSError as error:
            log.error("spool: %s", error)
            return False
        return True

    def _go_on(self, call: str, wallet: int, data: bytes) -> None:
        task = asyncio.create_task(self._insist(call, wallet, data))
        self._unconfirmed.add(task)
        task.add_done_callback(self._unconfirmed.discard)

    async def _insist(self, call: str, wallet: int, data: bytes) -> None:
        """Settling twice is settling once, so a lost word is simply asked for again."""
        while True:
            await asyncio.sleep(RETRY_S)
            try:
                await self._settling.submit(wallet, data)
            except AWAY:
                continue
            except psycopg.Error:
                self._quarantine(call, data)
                return
            self.spool.settled(call)
            return

    def _quarantine(self, call: str, data: bytes) -> None:
        """An item that the database will never take: kept for a person, nobody is charged."""
        log.error("call %s can't be settled; it is in quarantine", call)
        with contextlib.suppress(OSError):
            self.spool.quarantine(data)
        self.spool.settled(call)


async def admitted(lane: Lane, wallet: int, item: bytes, watch: Watch) -> Result:
    """A reserve item through its lane. Raises ApiError 402, 429 or 503."""
    try:
        with watch.within(BUSY_S if lane.is_behind(wallet) else RESERVE_S):
            answer = await lane.submit(wallet, item)
    except LOCKED:
        raise _busy() from None
    except (*AWAY, psycopg.Error) as error:
        if isinstance(error, TimeoutError) and lane.is_behind(wallet):
            raise _busy() from None
        raise unavailable("ledger_unavailable", "Calls can't be charged at the moment; try again.") from None
    if answer["v"] != "ok":
        raise _denial(answer)
    return answer


def _busy() -> ApiError:
    return unavailable("ledger_busy", "This wallet is busy; try again.", 1)


def _denial(answer: Mapping[str, Any]) -> ApiError:
    """The ledger's no in the caller's words. Money refusals are 402: SDKs don't repeat those."""
    verdict = answer["v"]
    if verdict == "free_quota":
        return ApiError(
            429,
            "free_quota_exceeded",
            "Today's free requests are used up; top up the wallet to go on at the standard price.",
            details={"resets_at": answer["reset"]},
        )
    if verdict in _BUDGETS:
        details = {"limit_source": verdict, "resets_at": answer["reset"]}
        return ApiError(402, "budget_exceeded", _BUDGETS[verdict], details=details)
    if verdict == "insufficient":
        details = {"required_micros": answer["need"], "available_micros": answer["avail"]}
        return ApiError(
            402, "insufficient_balance", "The wallet's balance is too small for this call.", details=details
        )
    return unavailable("ledger_unavailable", "Calls can't be charged at the moment; try again.")
