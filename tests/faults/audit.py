"""After the fault: what the client saw, what the ledger took and what the upstream produced, call by call.

A call is found in all three by its number. The rules are I5, I6 and I9 of reliability.md §2.8.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from tests.factories import rows
from tests.faults.calls import IN_MICROS, IN_NANO, MICROS_PER_NANO, OUT_MICROS, OUT_NANO, Record, Spec

OPEN, CAPTURED, RELEASED, LATE = range(4)
# What an upstream may have sent of a stream that ends early without anybody reading it: what was on its way
# when the worker died or the client left, and what the upstream went on with until it knew. How long that is
# depends on how long a busy machine lets a process wait, so it is a figure with a goal; the breach is far
# out.
UNREAD_GOAL_MS, UNREAD_MS = 250, 1250
EXAMPLES = 3


@dataclass(slots=True)
class Books:
    """What the ledger knows, by number."""

    holds: dict[int, list[dict[str, Any]]]
    rows: dict[int, dict[str, Any]]
    orphans: dict[int, int]  # micros
    charges: dict[int, int]  # micros that transfers took from the wallet


@dataclass(slots=True)
class Audit:
    """Breaches of the books are failures; figures are told as they are."""

    breaches: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    figures: dict[str, int] = field(default_factory=dict)

    def breach(self, what: str, number: int, told: object) -> None:
        self.breaches[what] += 1
        if len(self.examples[what]) < EXAMPLES:
            self.examples[what].append(f"call {number}: {told}")

    def add(self, name: str, value: int) -> None:
        self.figures[name] = self.figures.get(name, 0) + value

    def lines(self) -> list[str]:
        return [f"{what}: {n}, such as {'; '.join(self.examples[what])}" for what, n in self.breaches.items()]


def read_books(records: Iterable[Record]) -> Books:
    """All holds, request rows, losses and charges of the world's database.

    A hold that a crash of the database took along is made anew by its settle, without the call's number:
    those are found by the request id that the client was told.
    """
    holds: dict[int, list[dict[str, Any]]] = defaultdict(list)
    numbers = {UUID(record.request_id): record.number for record in records if record.request_id}
    for hold in rows("SELECT id, granted_output, state, charged_micros, amount_micros, free FROM hold"):
        if hold["granted_output"]:
            numbers[hold["id"]] = hold["granted_output"]
        if hold["id"] in numbers:
            holds[numbers[hold["id"]]].append(hold)
    found: dict[int, dict[str, Any]] = {}
    for row in rows(
        """SELECT id, status, cost_micros, output_tokens, estimated, provider_cost_nano, stream
             FROM proxy_request"""
    ):
        if row["id"] in numbers:
            found[numbers[row["id"]]] = row
    moved = rows(
        """SELECT (left(id::text, 34) || '00')::uuid AS op, kind, amount_micros FROM transfer
            WHERE kind IN (3, 4, 10)"""
    )
    orphans: Counter[int] = Counter()
    charges: Counter[int] = Counter()
    for transfer in moved:
        target = orphans if transfer["kind"] == 10 else charges
        target[numbers.get(transfer["op"], 0)] += transfer["amount_micros"]
    return Books(dict(holds), found, dict(orphans), dict(charges))


def read_journal(path: Path, begin: int) -> dict[int, list[dict[str, Any]]]:
    """The upstream's entries from this byte on, by number; an answer that never ended counts as begun."""
    entries: dict[tuple[int, str, int], dict[str, Any]] = {}
    with path.open("rb") as file:
        file.seek(begin)
        for line in file:
            entry = json.loads(line)
            number = int(entry["run"] or 0)
            entries[number, entry["provider"], entry["attempt"]] = entry
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for (number, _, _), entry in entries.items():
        found[number].append(entry)
    return dict(found)


def audit(
    specs: Iterable[Spec], records: Iterable[Record], books: Books, journal: dict[int, list[dict[str, Any]]]
) -> Audit:
    """Every call against all three books."""
    result = Audit()
    seen = {record.number: record for record in records}
    for spec in specs:
        record = seen.get(spec.number)
        if record is None:
            result.breach("no record", spec.number, "the load process ended early")
            continue
        entries = journal.get(spec.number, [])
        holds = books.holds.get(spec.number, [])
        _count(result, record)
        _check_holds(result, spec, holds, books)
        if record.finished:
            _check_finished(result, spec, record, holds, entries)
        else:
            _check_unfinished(result, spec, record, holds, entries)
        if entries and not holds and spec.number not in books.rows:
            result.breach("upstream called without a hold", spec.number, record)
        _check_produced(result, spec, record, books, entries)
    return result


def _count(result: Audit, record: Record) -> None:
    result.add("calls", 1)
    result.add("finished", record.finished)
    result.add("refused with 402", record.status == 402)
    result.add("refused with 503", record.status == 503)
    result.add("no connection", record.broken == "refused")
    result.add("left by the client", record.broken == "left")
    result.add("no answer", record.broken == "cut" and not record.status)
    result.add("cut in the middle", record.broken in ("cut", "garbage") and record.status > 0)
    result.add("hung", record.broken == "hung")
    result.add("500", record.status == 500)
    if record.broken == "hung":
        result.breach("a call that never ended", record.number, record)


def _check_holds(result: Audit, spec: Spec, holds: list[dict[str, Any]], books: Books) -> None:
    if len(holds) > 1:
        result.breach("two holds for one call", spec.number, holds)
    for hold in holds:
        if hold["state"] == OPEN:
            result.breach("a hold that stayed open", spec.number, hold["id"])
        elif hold["state"] == LATE:
            result.add("late captures", 1)
    charged = sum(hold["charged_micros"] for hold in holds)
    result.add("charged_micros", charged)
    if charged != books.charges.get(spec.number, 0):
        result.breach("hold and transfers differ", spec.number, (charged, books.charges.get(spec.number)))


def _check_finished(
    result: Audit, spec: Spec, record: Record, holds: list[dict[str, Any]], entries: list[dict[str, Any]]
) -> None:
    """I5: exactly one capture, equal to what was reported, and to what the upstream's own journal makes."""
    captured = [hold for hold in holds if hold["state"] in (CAPTURED, LATE)]
    if len(captured) != 1:
        result.breach("a finished answer without its one capture", spec.number, (record, holds))
        return
    charged = captured[0]["charged_micros"]
    if record.cost_micros is None:
        result.breach("a finished answer that told no cost", spec.number, record)
    elif record.cost_micros != charged:
        told = f"told {record.cost_micros}, charged {charged}, state {captured[0]['state']}"
        result.breach("a finished answer charged otherwise than told", spec.number, told)
    due = _price(spec, entries) if spec.exact and not captured[0]["free"] else None
    if due is not None and due != charged and captured[0]["state"] == CAPTURED:
        result.breach("charged otherwise than produced", spec.number, f"due {due}, charged {charged}")


def _price(spec: Spec, entries: list[dict[str, Any]]) -> int | None:
    complete = [entry for entry in entries if entry.get("complete")]
    if not complete:
        return None
    return spec.prompt * IN_MICROS + complete[-1]["completion_tokens"] * OUT_MICROS


def _check_unfinished(
    result: Audit, spec: Spec, record: Record, holds: list[dict[str, Any]], entries: list[dict[str, Any]]
) -> None:
    """Errors before the first token cost nothing; a cut stream at most what was produced."""
    charged = sum(hold["charged_micros"] for hold in holds)
    result.add("charged without a complete answer", charged > 0)
    if spec.slow and record.status == 200:
        result.breach("a slow reader that was cut off", spec.number, record)
    if record.status >= 400 and charged:
        result.breach("an error that was charged", spec.number, (record, charged))
    produced = max((entry.get("produced_tokens", spec.tokens) for entry in entries), default=0)
    most = spec.prompt * IN_MICROS + produced * OUT_MICROS
    if spec.exact and charged > most:
        result.breach("charged more than was produced", spec.number, (charged, most, record))


def _check_produced(
    result: Audit, spec: Spec, record: Record, books: Books, entries: list[dict[str, Any]]
) -> None:
    """I9, in nano-USD at the provider's price: what the upstream produced is booked as cost or as loss."""
    row = books.rows.get(spec.number)
    cost = row["provider_cost_nano"] if row else 0
    lost = books.orphans.get(spec.number, 0) // MICROS_PER_NANO
    booked, produced = cost + lost, sum(_produced_nano(spec, entry) for entry in entries)
    missing, above = max(0, produced - booked), max(0, booked - produced)
    result.add("produced_nano", produced)
    result.add("cost_nano", cost)
    result.add("loss_nano", lost)
    result.add("orphans", lost > 0)
    if not spec.exact:
        result.add("misreported_nano", missing)
        return
    read = sum(_read_nano(spec, record, entry, is_last=entry is entries[-1]) for entry in entries)
    unread = sum(_unread_nano(spec, record, entry, is_last=entry is entries[-1]) for entry in entries)
    result.add("unread_nano", min(missing, unread))
    if _is_bound_by_time(spec, entries) and not record.finished:
        late_ms = missing // OUT_NANO * spec.chunk_ms
        result.figures["unread ms"] = max(late_ms, result.figures.get("unread ms", 0))
        result.add(f"streams unread for over {UNREAD_GOAL_MS} ms", late_ms > UNREAD_GOAL_MS)
    result.add("not_booked_nano", missing - min(missing, unread))
    result.add("booked_above_nano", above)
    told = f"produced {produced}, read at least {read}, booked {booked}, {record}, {row}, {entries}"
    if booked < read:
        result.breach("booked below what was read", spec.number, told)
    elif missing > unread:
        result.breach("more was produced unread than can be", spec.number, told)
    if above > _on_its_way_nano(spec, row, entries):
        result.breach("booked above what was produced", spec.number, told)


def _produced_nano(spec: Spec, entry: dict[str, Any]) -> int:
    """An error status is free of charge with every provider; a prompt that was read is not."""
    return 0 if _is_free(entry) else spec.prompt * IN_NANO + entry.get("produced_tokens", 0) * OUT_NANO


def _is_free(entry: dict[str, Any]) -> bool:
    return bool(entry.get("status", 200) >= 400)


def _read_nano(spec: Spec, record: Record, entry: dict[str, Any], *, is_last: bool) -> int:
    """What the gateway had read for sure: it knows what it asked, and what the client got was read before."""
    if _is_free(entry):
        return 0
    tokens = entry.get("produced_tokens", 0) if record.finished else record.tokens
    return spec.prompt * IN_NANO + (tokens * OUT_NANO if is_last else 0)


def _unread_nano(spec: Spec, record: Record, entry: dict[str, Any], *, is_last: bool) -> int:
    """The output that nobody may have read, at most.

    An attempt that we gave up may go on without us, and of a whole answer nothing is known before its end.
    A stream that comes at once was read or was not; one that the chaos proxy stalls or cuts lies with that.
    """
    if _is_free(entry) or (record.finished and is_last):
        return 0
    tokens = int(entry.get("produced_tokens", 0))
    if is_last and _is_bound_by_time(spec, [entry]):
        tokens = min(tokens, UNREAD_MS // spec.chunk_ms + 2)
    return tokens * OUT_NANO


def _is_bound_by_time(spec: Spec, entries: list[dict[str, Any]]) -> bool:
    return spec.stream and spec.chunk_ms > 0 and not any(entry["provider"] == "chaos" for entry in entries)


def _on_its_way_nano(spec: Spec, row: dict[str, Any] | None, entries: list[dict[str, Any]]) -> int:
    """A worker that dies has booked the prompt that it was about to send."""
    asked = [entry for entry in entries if not _is_free(entry)]
    return spec.prompt * IN_NANO if row is not None and row["status"] == "crashed" and not asked else 0
