"""Calls as files: complete, exact, safe in a spreadsheet, and nothing is held while a slow reader reads."""

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.db import connection

from dashboard import activity_files
from dashboard.activity import Filters
from dashboard.activity_files import COLUMNS, jsonl
from tests.dashboard.calls import browser, log_call, viewer
from tests.factories import Caller, make_caller

pytestmark = pytest.mark.django_db


def file(caller: Caller, form: str, **query: str) -> bytes:
    answer = browser(caller).get(f"/dashboard/activity/export.{form}", query)
    assert answer.status_code == 200
    assert f'.{form}"' in answer["Content-Disposition"] and "no-store" in answer["Cache-Control"]
    return answer.getvalue()


def sheet(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))


def test_a_sheet_has_each_call_of_the_filter_to_the_micro() -> None:
    caller = make_caller()
    calls = [log_call(caller, cost_micros=1_000_001 + n, status="ok" if n else "error") for n in range(3)]
    found = sheet(file(caller, "csv"))
    assert [row["id"] for row in found] == sorted(map(str, calls), reverse=True)
    assert tuple(found[0]) == COLUMNS
    costs = {row["id"]: (row["cost_uzs"], row["cost_micros"]) for row in found}
    assert costs[str(calls[2])] == ("1.000003", "1000003")
    assert (found[0]["project"], found[0]["key"]) == (caller.project.api_id, caller.api_key.api_id)
    assert [row["id"] for row in sheet(file(caller, "csv", status="error"))] == [str(calls[0])]


def test_lines_say_the_same_as_the_sheet() -> None:
    caller = make_caller()
    log_call(caller, stream=True)
    (line,) = map(json.loads, file(caller, "jsonl").splitlines())
    (row,) = sheet(file(caller, "csv"))
    assert list(line) == list(row)
    assert {name: "" if value is None else str(value) for name, value in line.items()} == row
    assert line["tokens_per_second"] == 249.3  # 500 tokens in 2437 - 431 ms


def test_names_are_no_formulas_in_a_spreadsheet() -> None:
    caller = make_caller()
    caller.project.name, caller.api_key.name = "=cmd|'/c calc'!A0", "@SUM(1+1)"
    caller.project.save()
    caller.api_key.save()
    log_call(caller, asked="+1-gpt", error_code="-2+3")
    (row,) = sheet(file(caller, "csv"))
    assert row["project_name"] == "'=cmd|'/c calc'!A0"
    assert (row["key_name"], row["asked"], row["error_code"]) == ("'@SUM(1+1)", "'+1-gpt", "'-2+3")


def test_chunks_follow_each_other_without_gap_or_repeat(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(activity_files, "CHUNK", 3)
    caller = make_caller()
    calls = [str(log_call(caller)) for _ in range(7)]
    assert [json.loads(line)["id"] for line in file(caller, "jsonl").splitlines()] == sorted(
        calls, reverse=True
    )


def test_calls_made_while_it_is_read_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(activity_files, "CHUNK", 1)
    caller = make_caller()
    log_call(caller)
    log_call(caller)
    chunks = jsonl(caller.organization, Filters())
    next(chunks)
    log_call(caller)
    assert len(list(chunks)) == 1


def test_an_empty_file_is_a_file() -> None:
    caller = make_caller()
    assert file(caller, "jsonl") == b""
    assert sheet(file(caller, "csv")) == []


def test_a_file_holds_ones_own_calls_only() -> None:
    alice, bob = make_caller(), make_caller()
    log_call(bob)
    for query in ({}, {"key": str(bob.api_key.pk)}, {"project": str(bob.project.pk)}):
        assert file(alice, "jsonl", **query) == b""
    assert browser(alice).get("/dashboard/activity/export.exe").status_code == 404


def test_who_may_look_may_download() -> None:
    caller = make_caller()
    call = log_call(caller)
    assert str(call) in viewer(caller).get("/dashboard/activity/export.jsonl").getvalue().decode()


@pytest.fixture
def committed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Caller]:
    """Somebody with calls that other connections see too."""
    monkeypatch.setattr(activity_files, "CHUNK", 2)
    caller = make_caller()
    for _ in range(5):
        log_call(caller)
    yield caller


@pytest.mark.django_db(transaction=True, serialized_rollback=False)
def test_a_slow_reader_holds_neither_lock_nor_snapshot(committed: Caller) -> None:
    chunks = jsonl(committed.organization, Filters())
    next(chunks)
    held: list[Any] = []
    with psycopg.connect(settings.DATABASE_URL) as other:
        held = other.execute(
            "SELECT l.relation::regclass::text, a.state FROM pg_stat_activity a JOIN pg_locks l USING (pid)"
            " WHERE a.datname = current_database() AND a.pid <> pg_backend_pid()"
            "   AND l.relation::regclass::text LIKE 'proxy_request%'"
        ).fetchall()
    assert connection.connection is None  # it went back to whoever needs one
    assert held == []
    assert len(list(chunks)) == 2
