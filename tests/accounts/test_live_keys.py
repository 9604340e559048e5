"""A key's life over HTTP on both planes: made by another key, used, limited, looked for, revoked."""

import http.client
import json
import time
from uuid import uuid4

import redis
from django.db import connection

from accounts.keyformat import new_key
from tests.factories import make_caller
from tests.live.client import chat, directive, send
from tests.stack import Stack

REVOKED_WITHIN_S = 5.0


def asked(stack: Stack, method: str, path: str, key: str):
    link = http.client.HTTPConnection("127.0.0.1", stack.gateway.port, timeout=30)
    try:
        link.request(method, path, headers={"authorization": f"Bearer {key}"})
        answer = link.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        link.close()


def made(stack: Stack, owner, **body) -> dict:
    reply = send(stack, owner.headers, {"name": "Child", **body}, path="/api/keys")
    assert reply.status == 200, reply.body
    return reply.json()


def call(stack: Stack, key: str):
    return chat(
        stack, None, headers={"authorization": f"Bearer {key}"}, messages=directive(completion_tokens=2)
    )


def test_a_key_made_over_http_calls_is_listed_and_ends_within_five_seconds(stack: Stack):
    owner = make_caller(balance_uzs=1000, scopes=("inference", "manage"))
    child = made(stack, owner)
    assert call(stack, child["key"]).status == 200
    _, listed = asked(stack, "GET", "/api/keys", owner.key)
    (item,) = [item for item in listed["data"] if item["id"] == child["id"]]
    assert abs(item["lastUsed"] - time.time()) < 120  # it tells the minute
    assert asked(stack, "DELETE", f"/api/keys/{child['id']}", owner.key) == (
        200,
        {"deleted": True, "id": child["id"]},
    )
    until = time.monotonic() + REVOKED_WITHIN_S
    while (reply := call(stack, child["key"])).status == 200 and time.monotonic() < until:
        time.sleep(0.1)
    assert (reply.status, reply.error["code"]) == (401, "api_key_revoked")


def test_a_key_spends_no_more_than_its_cap(stack: Stack):
    owner = make_caller(balance_uzs=1000, scopes=("inference", "manage"))
    child = made(stack, owner, cap={"limit_uzs": "0.000001", "window": "lifetime"})
    reply = call(stack, child["key"])
    assert reply.status == 402, reply.body
    assert owner.charged() == 0


def test_a_key_is_refused_from_elsewhere(stack: Stack):
    owner = make_caller(balance_uzs=1000, scopes=("inference", "manage"))
    child = made(stack, owner, allowed_ips=["203.0.113.0/24"])
    reply = call(stack, child["key"])
    assert (reply.status, reply.error["code"]) == (403, "ip_not_allowed")
    assert asked(stack, "GET", "/api/keys", child["key"])[0] == 403


def test_both_planes_say_the_same_about_credentials(stack: Stack):
    owner = make_caller(scopes=("inference", "manage"))
    for headers in (
        {},
        {"authorization": "Basic x"},
        {"authorization": "Bearer x"},
        {"authorization": f"Bearer {new_key()}"},
        {"authorization": f"Bearer {owner.key}", "x-api-key": new_key()},
    ):
        gateway = send(stack, headers, {"model": "test/one", "messages": directive()})
        control = send(stack, headers, {"name": "x"}, path="/api/keys")
        assert (gateway.status, gateway.error) == (control.status, control.error), headers
        for name in ("www-authenticate", "x-should-retry"):
            assert gateway.headers.get(name) == control.headers.get(name), (headers, name)


def test_a_key_is_nowhere_after_its_creation(stack: Stack):
    owner = make_caller(balance_uzs=1000, scopes=("inference", "manage"))
    name = f"canary {uuid4().hex}"
    secret = made(stack, owner, name=name)["key"]
    call(stack, secret)
    asked(stack, "GET", "/api/keys", secret)
    asked(stack, "GET", f"/api/keys/{secret}?key={secret}", secret)  # by mistake, but it happens
    middle = secret[8:-4]
    rows = dump()
    assert name in rows
    assert middle not in rows
    assert not [
        path for path in stack.folder.rglob("*") if path.is_file() and middle.encode() in path.read_bytes()
    ]
    with redis.Redis.from_url(stack.env["REDIS_URL"]) as store:
        kept = [(entry, store.dump(entry)) for entry in store.scan_iter()]
    assert not [entry for entry, value in kept if middle.encode() in entry + (value or b"")]


def dump() -> str:
    """Every row of every table as text."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT quote_ident(relname) FROM pg_class"
            " WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        )
        text = []
        for (table,) in cursor.fetchall():
            cursor.execute(f"SELECT coalesce(string_agg(t::text, E'\\n'), '') FROM {table} t")
            text.append(cursor.fetchone()[0])
    return "\n".join(text)
