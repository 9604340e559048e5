"""The worker's side of jobs that own their holds; the rules are in proxy/sql/videos.sql.

No spool here: a job's row is in the same commit as its hold, and whoever finds it can end it.
"""

import asyncio
import logging
import time
from collections.abc import Coroutine, Mapping
from dataclasses import asdict
from typing import Any, Final

import orjson
import psycopg

from billing.holds import Reserve
from proxy.books import ACK_S, AWAY, RETRY_S, admitted
from proxy.errors import ApiError, unavailable
from proxy.job import Job
from proxy.lane import Lane, Result
from proxy.video.ending import Ending, Open, settling, tariff
from proxy.watch import Watch

log = logging.getLogger(__name__)

# Who ends a job without its worker is proxy/video/jobs.py, once these have passed.
INSIST_S: Final = 600.0


def drafted(job: Job, epoch: int) -> dict[str, Any]:
    """The columns of proxy_video that a call knows before the ledger has let it in."""
    size = job.call.body.get("size") or job.route.model.default_size
    return {
        "epoch": epoch,
        "created_at": job.at.isoformat(),
        "model": orjson.loads(job.route.answers_as),
        "asked": job.call.asked,
        "size": size,
        "seconds": job.call.units["second"],
        **charging(job),
    }


def charging(job: Job) -> dict[str, Any]:
    """What the end of the job will be charged by: the request row as it is now, and what a second costs."""
    free_of_cost = job.route.sandbox or job.candidate.endpoint.provider.hosted
    price = job.candidate.price
    return {
        "row": {**job.identity(), **job.row()},
        "tariff": tariff(price.sale, None if free_of_cost else price.cost),
    }


class VideoBooks:
    """Lanes over the functions that open, start and end jobs."""

    def __init__(self, url: str, watch: Watch) -> None:
        self._watch = watch
        self._opening = Lane(url, "open_videos")
        self._starting = Lane(url, "start_videos")
        self._ending = Lane(url, "end_videos")
        self._unconfirmed: set[asyncio.Task[Any]] = set()

    async def open(self, item: Reserve, video: Mapping[str, Any]) -> Result:
        """Reserves, and makes the job that owns the hold. Raises ApiError 402, 429 or 503."""
        data = orjson.dumps({**asdict(item), "video": video})
        try:
            return await admitted(self._opening, item.org, data, self._watch)
        except ApiError as error:
            if error.status == 503:  # its word may have got lost, not the reserve
                self._later(self._undo(item.org, video))
            raise

    async def start(self, org: int, item: Mapping[str, Any]) -> bool:
        """A provider has taken the job. False: it was given up meanwhile. Raises ApiError 503."""
        return bool(await self._told(self._starting, org, item))

    async def end(self, org: int, item: Mapping[str, Any]) -> Result:
        """Ends job and hold, once; `was` in the answer: how the job ended before.

        Raises ApiError 503 where the database says nothing for 2.5 s; it is asked on all the same.
        """
        answer: Result = await self._told(self._ending, org, item)
        if answer.get("overrun"):
            log.error("call %s: %s micros over its hold are our loss", item["id"], answer["overrun"])
        return answer

    async def close(self) -> None:
        for task in self._unconfirmed:
            task.cancel()
        for lane in (self._opening, self._starting, self._ending):
            await lane.close()

    async def _told(self, lane: Lane, org: int, item: Mapping[str, Any]) -> Any:
        task = self._later(self._insist(lane, org, item))
        done, _ = await asyncio.wait({task}, timeout=ACK_S)
        if not done or task.result() is None:
            raise unavailable("ledger_unavailable", "The video can't be charged at the moment.")
        return task.result()

    def _later(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.create_task(work)
        self._unconfirmed.add(task)
        task.add_done_callback(self._unconfirmed.discard)
        return task

    async def _undo(self, org: int, video: Mapping[str, Any]) -> None:
        await asyncio.sleep(RETRY_S)
        job = Open(video["seconds"], video["row"], video["tariff"])
        await self._insist(
            self._ending, org, settling(job, Ending(status="failed", error_code="ledger_unavailable"), 0)
        )

    async def _insist(self, lane: Lane, org: int, item: Mapping[str, Any]) -> Any:
        """Asking twice is asking once, so a lost word is simply asked for again."""
        data = orjson.dumps(item)
        until = time.monotonic() + INSIST_S
        while time.monotonic() < until:
            try:
                return await lane.submit(org, data)
            except AWAY:
                await asyncio.sleep(RETRY_S)
            except psycopg.Error as error:
                log.error("call %s: its job can't be written: %s", item["id"], type(error).__name__)
                return None
        log.error("call %s: the ledger is away; its job is left to the sweeper", item["id"])
        return None
