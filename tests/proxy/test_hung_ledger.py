"""PostgreSQL takes what it is sent and answers nothing."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pytest

from billing.holds import Reserve
from billing.ids import new_op_id
from proxy import books
from proxy.books import Books
from proxy.errors import ApiError
from proxy.spool import Spool
from proxy.watch import Watch


class HungLane:
    """Never answers; `behind`: some wallet's row is locked and its items go by themselves."""

    def __init__(self, *, behind: bool) -> None:
        self._behind = behind

    async def submit(self, wallet: int, item: bytes) -> None:
        await asyncio.Event().wait()

    def is_behind(self, wallet: int) -> bool:
        return self._behind


@pytest.mark.parametrize(("behind", "code"), [(False, "ledger_unavailable"), (True, "ledger_busy")])
async def test_a_reserve_is_refused_in_time(tmp_path, monkeypatch, behind: bool, code: str):
    monkeypatch.setattr(books, "BUSY_S" if behind else "RESERVE_S", 0.01)
    watch = Watch()
    rounds = asyncio.create_task(watch.run())
    ledger = Books("postgresql://nobody@/nothing", Spool(tmp_path, 1), watch)
    ledger._reserving = HungLane(behind=behind)
    call = Reserve(
        id=new_op_id(), org=1, project=1, key=1, candidates=((1, 1),), out_min=1, out_max=1, ttl_s=1, owner=1,
        quote={},
    )  # fmt: skip
    with pytest.raises(ApiError) as refused:
        await ledger.reserve(call)
    assert (refused.value.status, refused.value.code) == (503, code)
    rounds.cancel()


@dataclass
class Answered:
    """A call that an upstream has answered and that is to be paid for."""

    name: str = field(default_factory=lambda: str(new_op_id()))
    withdrawn: bool = False

    def item(self) -> dict[str, Any]:
        return {"id": self.name, "org": 1, "cost": 0 if self.withdrawn else 77}

    def withdraw(self) -> None:
        self.withdrawn = True


class AwayLane:
    """Can't be reached; keeps what it was asked to settle."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []

    async def submit(self, wallet: int, item: bytes) -> None:
        self.asked.append(orjson.loads(item))
        raise OSError


@pytest.mark.parametrize("full", ["never", "at its begin", "at its end", "at the sync"])
async def test_an_answer_leaves_only_when_the_books_or_the_disk_have_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, full: str
):
    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(books, "RETRY_S", 0)
    spool, lane, call = Spool(tmp_path, 1), AwayLane(), Answered()
    ledger = Books("postgresql://nobody@/nothing", spool, Watch())
    ledger._settling = lane  # type: ignore[assignment]
    if full != "at its begin":
        spool.begin(call.name, {})
    if full == "at its end":
        monkeypatch.setattr(spool, "final", refuse)
    if full == "at the sync":
        monkeypatch.setattr(spool, "sync", refuse)
    if full == "never":
        assert await ledger.settle(call) == 77  # type: ignore[arg-type]
    else:
        with pytest.raises(ApiError) as refused:
            await ledger.settle(call)  # type: ignore[arg-type]
        assert (refused.value.status, refused.value.code) == (503, "ledger_unavailable")
    async with asyncio.timeout(30):
        while len(lane.asked) < 2:
            await asyncio.sleep(0)
    assert lane.asked[-1]["cost"] == (77 if full == "never" else 0)
    for task in ledger._unconfirmed:
        task.cancel()
