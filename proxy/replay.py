"""Spool files of workers that died: what was known of their calls goes into the books, once.

A stream whose final usage was spooled is charged. A whole answer is charged only if it was recorded as sent:
ours is the crash, so an answer that nobody got costs nobody anything. Calls without a final line cost the
caller nothing either; what their provider will bill for is booked as our loss (loss:orphan). So is a call
whose spool is found after a day: nobody is charged for what they have long closed their books on.
"""

import asyncio
import fcntl
import logging
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson

from billing.money import ceil_div
from proxy import tally
from proxy.books import Books
from proxy.spool import SUFFIX
from proxy.tally import Count

log = logging.getLogger(__name__)

STALE_MS = 24 * 3600 * 1000
_NANO = 10**9


@dataclass(slots=True)
class Trace:
    """All lines of one call. part: upstreams that were asked before the one in `row`; count: of the tally."""

    row: dict[str, Any] = field(default_factory=dict)
    part: int = -1
    count: Count | None = None
    is_stale: bool = False
    final: dict[str, Any] | None = None
    sent: bool = False

    def item(self) -> dict[str, Any] | None:
        """The settle item, or None when nothing but a torn line is left."""
        if self.final is not None and not self.is_stale and (self.final["stream"] or self.sent):
            return self.final
        known = self.final or self.row
        if not known:
            return None
        lost = {"status": "crashed", "http_status": 0, "error_code": "crashed", "price_micros": 0}
        return {**known, **lost, "op": "release", "cost": 0, "free_back": True, "provider_cost_nano": 0}

    @property
    def output(self) -> int:
        """Tokens that came of the upstream in `row`."""
        if self.count is None or self.count.part != self.part:
            return 0
        return min(self.count.tokens, int(self.row["spool"]["room"]))

    def owed_micros(self) -> int:
        """What the provider will bill for a call that nobody pays, in micros."""
        if self.final is not None:
            nano = int(self.final["provider_cost_nano"])
        elif self.row["sandbox"]:
            nano = 0
        else:
            tokens = self.row["spool"]
            nano = tokens["input_nano"] + ceil_div(self.output * tokens["output_nano"], 1_000_000)
        return ceil_div(nano * int((self.final or self.row)["micros_per_usd"]), _NANO)


async def replay(directory: Path, books: Books) -> int:
    """Replays every file whose owner is gone; how many calls there were. Raises psycopg.Error, OSError."""
    count = 0
    for path in sorted(directory.glob(f"*{SUFFIX}")):
        file = await asyncio.to_thread(_take, path)
        if file is None:
            continue
        try:
            counts = path.with_suffix(tally.SUFFIX)
            traces = await asyncio.to_thread(_read, file, counts)
            for trace in traces.values():
                await _settle(trace, books)
            counts.unlink(missing_ok=True)
            path.unlink(missing_ok=True)
            count += len(traces)
        finally:
            os.close(file)
        if traces:
            log.warning("spool: %s calls of a dead worker were replayed from %s", len(traces), path.name)
    return count


async def _settle(trace: Trace, books: Books) -> None:
    """Once, whoever replays it again: a row that was there before means that the call is in the books."""
    try:
        item = trace.item()
        if item is not None and item["status"] == "crashed":
            item["owed_micros"] = trace.owed_micros()
    except (KeyError, TypeError, ValueError):  # lines of another version; the rest of the file counts
        log.exception("spool: a call's lines make no sense")
        books.spool.quarantine(orjson.dumps(trace))
        return
    if item is not None:
        await books.record(item)


def _take(path: Path) -> int | None:
    """The file's descriptor with its lock, or None while its owner lives."""
    try:
        file = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        return None
    return file


def _read(file: int, counts: Path) -> dict[str, Trace]:
    traces: dict[str, Trace] = {}
    counted = tally.read(counts)
    for line in _lines(file):
        call, kind = line.get("id"), line.get("t")
        if not isinstance(call, str):
            continue
        trace = traces.setdefault(call, Trace(count=counted.get(call), is_stale=_is_stale(call)))
        if kind == "begin":
            trace.row = line.get("row", {})
            trace.part += 1
        elif kind == "final":
            trace.final = line.get("item")
        elif kind == "sent":
            trace.sent = True
    return traces


def _is_stale(call: str) -> bool:
    """Ids begin with the milliseconds of this host's clock."""
    try:
        age_ms = time.time_ns() // 1_000_000 - (UUID(call).int >> 80)
    except ValueError:
        return False
    return age_ms > STALE_MS


def _lines(file: int) -> Iterator[Mapping[str, Any]]:
    with os.fdopen(os.dup(file), "rb") as lines:
        for text in lines:
            try:
                line = orjson.loads(text)
            except orjson.JSONDecodeError:
                line = None
            if isinstance(line, dict):
                yield line
            elif text.strip():
                log.error("spool: a torn line was skipped")
