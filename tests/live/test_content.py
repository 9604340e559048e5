"""Calls of a project that logs content: what went in and out is kept sealed, and nothing else changes."""

import json

import psycopg
import pytest

from accounts.logkeys import forget, keep_days, turn_off
from billing.ids import new_op_id
from cloudapi.decrypt import Unopened, open_record
from proxy.contents import retention
from proxy.contents.records import all_of, of_call
from tests.content import Pair, kept, log_to
from tests.factories import Caller, make_caller, rows
from tests.live.client import chat, directive, stream
from tests.processes import until
from tests.stack import Stack

# The content of one call under the id of another.
SWAP = """
UPDATE proxy_content c SET sealed = o.sealed FROM proxy_content o
 WHERE c.project_id = %s AND c.id = %s AND o.project_id = c.project_id AND o.id = %s RETURNING 1
"""
# Calls of eight days ago.
AGE = """
UPDATE proxy_content SET id = (
    lpad(to_hex((extract(epoch FROM at - interval '8 days') * 1000)::bigint), 12, '0')
    || right(replace(id::text, '-', ''), 20))::uuid
 WHERE project_id = %s RETURNING id
"""


@pytest.fixture
def caller(stack: Stack) -> Caller:
    return make_caller(balance_uzs=10_000)


@pytest.fixture
def pair(caller: Caller) -> Pair:
    return log_to(caller.project)


def test_a_whole_answer_is_kept_as_it_was(stack: Stack, caller: Caller, pair: Pair):
    messages = directive(text="salom dunyo")
    reply = chat(stack, caller, messages=messages)
    (record,) = kept(caller)
    told = pair.read(record)
    assert record["request_id"] == reply.headers["x-request-id"]
    assert reply.headers["x-cloudapi-content-log"] == "1"
    assert json.loads(told["request"]["text"]) == {"model": "test/one", "messages": messages}
    assert told["response"]["text"].encode() == reply.body
    assert (told["status"], told["response"]["type"]) == (200, "application/json")
    assert record["response_bytes"] == len(reply.body)


def test_a_stream_is_kept_as_it_was_relayed(stack: Stack, caller: Caller, pair: Pair):
    events = stream(stack, caller, messages=directive(text="salom dunyo"))
    assert events.text() == "salom dunyo"
    told = pair.read(kept(caller)[0])
    text = told["response"]["text"]
    sent = [
        json.loads(line.removeprefix("data: ")) for line in text.split("\n") if line.startswith("data: {")
    ]
    assert sent == events.seen
    assert text.endswith("data: [DONE]\n\n")
    assert told["response"]["type"].startswith("text/event-stream")


def test_a_call_that_failed_or_was_left_is_kept_too(stack: Stack, caller: Caller, pair: Pair):
    failed = chat(stack, caller, messages=directive(fault="400", message="no such thing"))
    assert failed.status == 400
    left = stream(stack, caller, messages=directive(text="a b c d", chunk_ms=100, run=new_op_id().hex))
    next(iter(left))
    left.close()
    first, second = (pair.read(record) for record in kept(caller, 2))
    assert first["status"] == 400
    assert first["response"]["text"].encode() == failed.body
    assert '"a' in second["response"]["text"]
    assert "[DONE]" not in second["response"]["text"]


def test_refused_calls_are_not_kept(stack: Stack, caller: Caller, pair: Pair):
    assert chat(stack, caller, model="no/such", messages=directive()).status == 404
    assert chat(stack, caller, messages=directive(text="a")).status == 200
    kept(caller, 1)


def test_bodies_are_kept_up_to_a_bound_and_say_so(stack: Stack, caller: Caller, pair: Pair):
    messages = directive(text="salom", completion_tokens=1)
    messages[0]["content"] += " " * 300_000
    assert chat(stack, caller, messages=messages).status == 200
    (record,) = kept(caller)
    told = pair.read(record)["request"]
    assert record["truncated"]
    assert (told["kept"], told["size"]) == (256 * 1024, record["request_bytes"])
    assert told["size"] > 300_000


def test_a_project_that_does_not_log_leaves_no_content(stack: Stack, caller: Caller):
    reply = chat(stack, caller, messages=directive(text="a"))
    assert "x-cloudapi-content-log" not in reply.headers
    pair = log_to(caller.project)
    until(lambda: _logs(stack, caller), "the log to be on")
    turn_off(caller.project)
    until(lambda: not _logs(stack, caller), "the log to be off")
    count = len(kept(caller, len(list(all_of(caller.project)))))
    chat(stack, caller, messages=directive(text="a"))
    log_to_again = log_to(caller.project)
    until(lambda: _logs(stack, caller), "the log to be on")
    until(lambda: len(list(all_of(caller.project))) > count, "content")
    assert {record.key for record in all_of(caller.project)} <= {pair.key.api_id, log_to_again.key.api_id}


def test_a_changed_key_seals_the_next_calls_and_the_old_one_opens_the_old_ones(
    stack: Stack, caller: Caller, pair: Pair
):
    chat(stack, caller, messages=directive(text="old"))
    kept(caller, 1)
    new = log_to(caller.project)
    until(lambda: _key_of_a_call(stack, caller) == new.key.api_id, "the new key to seal")
    records = list(all_of(caller.project))
    old = next(record for record in records if record.key == pair.key.api_id)
    assert "old" in pair.read(old.shown())["response"]["text"]
    with pytest.raises(Unopened):
        open_record(records[-1].shown() | {"key_id": pair.key.api_id}, pair.keys)


def test_a_record_moved_to_another_call_or_project_does_not_open(stack: Stack, caller: Caller, pair: Pair):
    first = chat(stack, caller, messages=directive(text="one")).headers["x-request-id"]
    second = chat(stack, caller, messages=directive(text="two")).headers["x-request-id"]
    kept(caller, 2)
    rows(SWAP, caller.project.pk, first, second)
    moved, own = kept(caller, 2)
    with pytest.raises(Unopened):
        pair.read(moved)
    assert "two" in pair.read(own)["response"]["text"]


def test_content_goes_on_demand_and_by_its_days(stack: Stack, caller: Caller, pair: Pair):
    for word in ("one", "two", "three"):
        chat(stack, caller, messages=directive(text=word))
    first, *_ = kept(caller, 3)
    call = next(all_of(caller.project)).call
    assert retention.forget_call(caller.project, call)
    assert of_call(caller.project, call) is None
    assert first["request_id"] == str(call)
    kept(caller, 2)
    (aged, other) = (row["id"] for row in rows(AGE, caller.project.pk))
    assert of_call(caller.project, aged) is not None
    keep_days(caller.project, 7)
    assert of_call(caller.project, aged) is None
    chat(stack, caller, messages=directive(text="new"))
    until(lambda: list(all_of(caller.project)), "the new one")
    assert retention.remove_old() >= 2
    assert [record.call for record in all_of(caller.project)] not in ([aged], [other])
    forget(caller.project)
    assert list(all_of(caller.project)) == []
    retention.remove_old()
    assert rows("SELECT id FROM proxy_content WHERE project_id = %s", caller.project.pk) == []


def test_the_gateways_role_writes_content_but_reads_and_changes_none(stack: Stack):
    with psycopg.connect(stack.env["GATEWAY_DATABASE_URL"], autocommit=True) as connection:
        for query in ("SELECT sealed FROM proxy_content", "DELETE FROM proxy_content"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(query)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("UPDATE accounts_logkey SET public_key = public_key")


def _logs(stack: Stack, caller: Caller) -> bool:
    return "x-cloudapi-content-log" in chat(stack, caller, messages=directive(text="a")).headers


def _key_of_a_call(stack: Stack, caller: Caller) -> str:
    reply = chat(stack, caller, messages=directive(text="new"))
    found = until(
        lambda: [one for one in all_of(caller.project) if str(one.call) == reply.headers["x-request-id"]],
        "its content",
    )
    return found[0].key
