"""PostgreSQL takes what it is sent and answers nothing."""

import asyncio

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
    monkeypatch.setattr(books, "RESERVE_S", 0.01)
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
