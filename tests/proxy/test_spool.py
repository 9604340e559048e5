"""What a worker leaves behind, and what is made of it."""

import os
from uuid import UUID

import orjson
import psycopg
import pytest

from billing.ids import new_op_id
from proxy import replay, spool, tally
from proxy.books import Books
from proxy.spool import Spool
from proxy.watch import Watch

A, B = (str(new_op_id()) for _ in range(2))
ROW = {"id": A, "sandbox": False, "micros_per_usd": 12_000_000_000, "stream": False, "provider": "p"}
EXPOSURE = {"spool": {"input_nano": 5_000, "output_nano": 3_000_000_000, "room": 100}}


def die(worker: Spool) -> None:
    """As kill -9 would: locks are gone, files stay."""
    for segment in {worker._segment, *worker._calls.values()}:
        os.close(segment.file)


def traces(directory):
    found = {}
    for path in directory.glob("*.spool"):
        file = replay._take(path)
        if file is not None:
            found |= replay._read(file, path.with_suffix(".tally"))
            os.close(file)
    return found


@pytest.fixture
def worker(tmp_path):
    return Spool(tmp_path, 7)


def test_a_living_workers_file_is_nobody_elses(worker, tmp_path):
    worker.begin(A, ROW)
    assert traces(tmp_path) == {}


def test_settled_calls_leave_nothing(worker, tmp_path):
    worker.begin(A, ROW)
    worker.final(A, b"{}")
    worker.settled(A)
    worker.close()
    assert list(tmp_path.iterdir()) == []


def test_an_unsettled_call_stays_for_the_next_worker(worker, tmp_path):
    worker.begin(A, ROW)
    worker.begin(B, ROW)
    worker.settled(B)
    worker.close()
    assert set(traces(tmp_path)) == {A, B}


def test_a_full_segment_goes_when_its_last_call_is_settled(worker, tmp_path, monkeypatch):
    monkeypatch.setattr(spool, "SEGMENT_MAX", 10)
    worker.begin(A, ROW)
    worker.begin(B, ROW)
    assert len(list(tmp_path.iterdir())) == 4
    worker.settled(A)
    assert {path.name for path in tmp_path.iterdir()} == {"7-2.spool", "7-2.tally"}


def test_a_stream_with_its_usage_is_charged(worker, tmp_path):
    worker.begin(A, ROW)
    item = {**ROW, "stream": True, "op": "capture", "cost": 5}
    worker.final(A, orjson.dumps(item))
    die(worker)
    assert traces(tmp_path)[A].item() == item


@pytest.mark.parametrize("sent", [True, False])
def test_a_whole_answer_is_charged_only_if_it_left(worker, tmp_path, sent):
    worker.begin(A, ROW)
    worker.final(A, orjson.dumps({**ROW, "op": "capture", "cost": 5, "provider_cost_nano": 7_000}))
    if sent:
        worker.sent(A)
    die(worker)
    trace = traces(tmp_path)[A]
    item = trace.item()
    assert item is not None
    assert (item["op"], item["cost"]) == (("capture", 5) if sent else ("release", 0))
    assert trace.owed_micros() == 84_000  # 7,000 nano-dollars at 12,000 so'm


def owed_nano(directory, call=A):
    return traces(directory)[call].owed_micros() // 12  # at 12,000 so'm


def test_a_call_cut_in_the_middle_owes_what_it_had_produced(worker, tmp_path):
    worker.begin(A, {**ROW, **EXPOSURE})
    note = worker.counter(A)
    note(10, 4)
    note(20, 7)
    die(worker)
    trace = traces(tmp_path)[A]
    item = trace.item()
    assert item is not None
    assert (item["op"], item["status"], item["provider_cost_nano"]) == ("release", "crashed", 0)
    assert trace.owed_micros() == (5_000 + 20 * 3_000) * 12


@pytest.mark.parametrize(("events", "text_bytes", "tokens"), [(7, 27, 7), (7, 40, 10), (900, 0, 100)])
def test_a_token_is_an_event_or_four_bytes_up_to_what_was_granted(
    worker, tmp_path, events, text_bytes, tokens
):
    worker.begin(A, {**ROW, **EXPOSURE})
    worker.counter(A)(events, text_bytes)
    die(worker)
    assert owed_nano(tmp_path) == 5_000 + tokens * 3_000


def test_what_another_upstream_gives_counts_anew(worker, tmp_path):
    """What the first one gave is in the second line's prompt."""
    second = {"spool": {"input_nano": 70_000, "output_nano": 1_000_000_000, "room": 100}}
    worker.begin(A, {**ROW, **EXPOSURE})
    worker.counter(A)(10, 40)
    worker.again(A, {**ROW, **second})
    worker.counter(A)(3, 12)
    die(worker)
    assert owed_nano(tmp_path) == 70_000 + 3 * 1_000


def test_figures_of_the_upstream_before_are_not_the_next_ones(worker, tmp_path):
    """Killed between the line that tells of another upstream and the slot's new beginning."""
    worker.begin(A, {**ROW, **EXPOSURE})
    worker.counter(A)(10, 40)
    worker._line(A, {"t": "begin", "id": A, "row": {**ROW, **EXPOSURE}})
    die(worker)
    assert owed_nano(tmp_path) == 5_000


def test_a_slot_used_again_says_nothing_of_the_call_before(worker, tmp_path):
    worker.begin(B, {**ROW, **EXPOSURE})
    worker.counter(B)(50, 200)
    worker.settled(B)
    worker.begin(A, {**ROW, **EXPOSURE})
    die(worker)
    assert owed_nano(tmp_path) == 5_000


def test_more_calls_than_slots_begin_another_segment(tmp_path, monkeypatch):
    monkeypatch.setattr(tally, "SLOTS", 2)
    worker, calls = Spool(tmp_path, 7), [str(new_op_id()) for _ in range(5)]
    for tokens, call in enumerate(calls):
        worker.begin(call, {**ROW, **EXPOSURE})
        worker.counter(call)(tokens, 0)
    die(worker)
    assert len(list(tmp_path.glob("*.tally"))) == 3
    assert [owed_nano(tmp_path, call) for call in calls] == [5_000 + n * 3_000 for n in range(5)]


def test_a_disk_without_room_for_a_tally_stops_no_call(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", refuse)
    worker = Spool(tmp_path, 7)
    worker.begin(A, {**ROW, **EXPOSURE})
    worker.counter(A)(10, 40)
    worker.again(A, {**ROW, **EXPOSURE})
    die(worker)
    assert list(tmp_path.glob("*.tally")) == []
    assert owed_nano(tmp_path) == 5_000


def test_a_late_figure_of_a_closed_spool_goes_nowhere(worker, tmp_path):
    worker.begin(A, {**ROW, **EXPOSURE})
    note = worker.counter(A)
    worker.settled(A)
    worker.close()
    note(10, 40)
    assert list(tmp_path.iterdir()) == []


def test_a_torn_last_line_is_skipped(worker, tmp_path):
    worker.begin(A, ROW)
    os.write(worker._segment.file, b'{"t":"final","id":"a","it')
    die(worker)
    assert traces(tmp_path)[A].final is None


class RefusingLane:
    """A database that will never take these items."""

    async def submit(self, wallet: int, item: bytes) -> None:
        raise psycopg.DataError(f"not of wallet {wallet}: {item!r}")


async def test_an_item_that_is_never_taken_does_not_stop_the_replay(worker, tmp_path):
    for call in (A, B):
        worker.begin(call, ROW)
        worker.final(call, orjson.dumps(ROW | {"id": call, "org": 1, "status": "ok", "stream": True}))
    die(worker)
    other = Spool(tmp_path, 8)
    books = Books("postgresql://nobody@/nothing", other, Watch())
    books._settling = RefusingLane()
    assert await replay.replay(tmp_path, books) == 2
    kept = (tmp_path / "quarantine.jsonl").read_bytes().splitlines()
    assert [orjson.loads(line)["id"] for line in kept] == [A, B]
    assert traces(tmp_path) == {}


def call_id(age_hours: float = 0) -> str:
    """An operation's id, made so long ago."""
    return str(UUID(int=new_op_id().int - (int(age_hours * 3_600_000) << 80)))


FINAL = {"stream": True, "op": "capture", "cost": 5, "provider_cost_nano": 7_000, "status": "ok"}


@pytest.mark.parametrize(("hours", "op"), [(23, "capture"), (25, "release")])
def test_a_charge_found_after_a_day_is_our_loss(worker, tmp_path, hours, op):
    call = call_id(hours)
    worker.begin(call, ROW)
    worker.final(call, orjson.dumps({**ROW, **FINAL}))
    die(worker)
    trace = traces(tmp_path)[call]
    item = trace.item()
    assert item is not None
    assert item["op"] == op
    assert trace.owed_micros() == 84_000


def test_a_line_cut_off_by_a_full_disk_takes_no_other_along(worker, tmp_path, monkeypatch):
    write = os.write
    first, second = call_id(), call_id()
    worker.begin(first, ROW)
    with monkeypatch.context() as full:
        full.setattr(os, "write", lambda file, data: write(file, data[:20]))
        with pytest.raises(OSError, match="wrote 20 of"):
            worker.begin(second, ROW)
    worker.final(first, orjson.dumps({**ROW, **FINAL}))
    die(worker)
    found = traces(tmp_path)
    assert set(found) == {first}
    assert found[first].final == {**ROW, **FINAL}


def test_a_number_used_again_leaves_the_older_workers_file_alone(worker, tmp_path):
    call = call_id()
    worker.begin(call, ROW)
    die(worker)
    Spool(tmp_path, 7).begin(call_id(), ROW)
    assert call in traces(tmp_path)


def test_a_closed_spool_writes_nowhere(worker):
    call = call_id()
    worker.begin(call, ROW)
    worker.close()
    worker.final(call, b"{}")
    assert worker.calls() == []


def test_whatever_byte_a_file_ends_at_the_lines_before_it_count(worker, tmp_path):
    calls = [call_id() for _ in range(2)]
    for call in calls:
        worker.begin(call, {**ROW, "asked": "gpt\u2014so\u02bbm"})
        worker.final(call, orjson.dumps({**ROW, **FINAL}))
    die(worker)
    path = next(tmp_path.glob("*.spool"))
    whole = path.read_bytes()
    ends = [i + 1 for i, byte in enumerate(whole) if byte == ord("\n")]
    for cut in range(len(whole)):
        path.write_bytes(whole[:cut])
        found = traces(tmp_path)
        complete = sum(end <= cut + 1 for end in ends)  # the newline itself may be missing
        assert len([t for t in found.values() if t.row]) == (complete + 1) // 2
        assert len([t for t in found.values() if t.final]) == complete // 2


class Ledger:
    """Books that note what they are given."""

    def __init__(self, own):
        self.spool = own
        self.items = []

    async def record(self, item):
        self.items.append(item)


async def test_lines_that_make_no_sense_are_kept_and_stop_nothing(worker, tmp_path):
    good, strange = call_id(), call_id()
    worker.begin(good, ROW)
    for line in (b"[]", b"null", b"7", b"{}", b'{"t":"final","id":7}', b"\x00\x00", b'{"id":"x","t":"mark"}'):
        worker._segment.append(line + b"\n")
    worker._segment.append(orjson.dumps({"t": "begin", "id": strange, "row": {"from": "elsewhere"}}) + b"\n")
    worker.final(good, orjson.dumps({**ROW, **FINAL}))
    die(worker)
    ledger = Ledger(Spool(tmp_path, 8))

    assert await replay.replay(tmp_path, ledger) == 3

    assert [item["cost"] for item in ledger.items] == [5]
    assert b"elsewhere" in (tmp_path / "quarantine.jsonl").read_bytes()
    assert list(tmp_path.glob("7-*")) == []
