"""What a worker leaves behind, and what is made of it."""

import os

import orjson
import psycopg
import pytest

from proxy import replay, spool
from proxy.books import Books
from proxy.spool import Spool
from proxy.watch import Watch

ROW = {"id": "a", "sandbox": False, "micros_per_usd": 12_000_000_000, "stream": False, "provider": "p"}
EXPOSURE = {"spool": {"input_nano": 5_000, "output_nano": 3_000_000_000}}


def die(worker: Spool) -> None:
    """As kill -9 would: locks are gone, files stay."""
    for segment in {worker._segment, *worker._calls.values()}:
        os.close(segment.file)


def traces(directory):
    found = {}
    for path in directory.glob("*.spool"):
        file = replay._take(path)
        if file is not None:
            found |= replay._read(file)
            os.close(file)
    return found


@pytest.fixture
def worker(tmp_path):
    return Spool(tmp_path, 7)


def test_a_living_workers_file_is_nobody_elses(worker, tmp_path):
    worker.begin("a", ROW)
    assert traces(tmp_path) == {}


def test_settled_calls_leave_nothing(worker, tmp_path):
    worker.begin("a", ROW)
    worker.final("a", b"{}")
    worker.settled("a")
    worker.close()
    assert list(tmp_path.iterdir()) == []


def test_an_unsettled_call_stays_for_the_next_worker(worker, tmp_path):
    worker.begin("a", ROW)
    worker.begin("b", ROW)
    worker.settled("b")
    worker.close()
    assert set(traces(tmp_path)) == {"a", "b"}


def test_a_full_segment_goes_when_its_last_call_is_settled(worker, tmp_path, monkeypatch):
    monkeypatch.setattr(spool, "SEGMENT_MAX", 10)
    worker.begin("a", ROW)
    worker.begin("b", ROW)
    assert len(list(tmp_path.iterdir())) == 2
    worker.settled("a")
    assert [path.name for path in tmp_path.iterdir()] == ["7-2.spool"]


def test_a_stream_with_its_usage_is_charged(worker, tmp_path):
    worker.begin("a", ROW)
    item = {**ROW, "stream": True, "op": "capture", "cost": 5}
    worker.final("a", orjson.dumps(item))
    die(worker)
    assert traces(tmp_path)["a"].item() == item


@pytest.mark.parametrize("sent", [True, False])
def test_a_whole_answer_is_charged_only_if_it_left(worker, tmp_path, sent):
    worker.begin("a", ROW)
    worker.final("a", orjson.dumps({**ROW, "op": "capture", "cost": 5, "provider_cost_nano": 7_000}))
    if sent:
        worker.sent("a")
    die(worker)
    trace = traces(tmp_path)["a"]
    item = trace.item()
    assert item is not None
    assert (item["op"], item["cost"]) == (("capture", 5) if sent else ("release", 0))
    assert trace.owed_micros() == 84_000  # 7,000 nano-dollars at 12,000 so'm


def test_a_call_cut_in_the_middle_owes_what_it_had_produced(worker, tmp_path):
    worker.begin("a", {**ROW, **EXPOSURE})
    worker.mark("a", 10)
    worker.mark("a", 20)
    die(worker)
    trace = traces(tmp_path)["a"]
    item = trace.item()
    assert item is not None
    assert (item["op"], item["status"], item["provider_cost_nano"]) == ("release", "crashed", 0)
    assert trace.owed_micros() == (5_000 + 20 * 3_000) * 12


def test_a_torn_last_line_is_skipped(worker, tmp_path):
    worker.begin("a", ROW)
    os.write(worker._segment.file, b'{"t":"final","id":"a","it')
    die(worker)
    assert traces(tmp_path)["a"].final is None


class RefusingLane:
    """A database that will never take these items."""

    async def submit(self, wallet: int, item: bytes) -> None:
        raise psycopg.DataError(f"not of wallet {wallet}: {item!r}")


async def test_an_item_that_is_never_taken_does_not_stop_the_replay(worker, tmp_path):
    for call in ("a", "b"):
        worker.begin(call, ROW)
        worker.final(call, orjson.dumps(ROW | {"id": call, "org": 1, "status": "ok", "stream": True}))
    die(worker)
    other = Spool(tmp_path, 8)
    books = Books("postgresql://nobody@/nothing", other, Watch())
    books._settling = RefusingLane()
    assert await replay.replay(tmp_path, books) == 2
    kept = (tmp_path / "quarantine.jsonl").read_bytes().splitlines()
    assert [orjson.loads(line)["id"] for line in kept] == ["a", "b"]
    assert traces(tmp_path) == {}
