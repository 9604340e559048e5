"""Bad input to the reads and the management API: the same envelope, never a 5xx, nothing made."""

import json

import pytest

from tests.factories import Caller, make_caller
from tests.live.raw import head, post, talk
from tests.stack import Stack

CREATE = "POST /api/keys HTTP/1.1"
BODIES = {
    "empty": b"",
    "cut": b'{"name":',
    "deep": b"[" * 100_000 + b"]" * 100_000,
    "deep-name": b'{"name":' + b"[" * 900 + b"]" * 900 + b"}",
    "list": b"[]",
    "null": b"null",
    "utf8": b'{"name":"\xff"}',
    "surrogate": b'{"name":"\\ud800"}',
    "nul": b'{"name":"a\\u0000b"}',
    "long": json.dumps({"name": "x" * 1_000_000}).encode(),
    "digits": b'{"name":"k","rpm":' + b"9" * 5_000 + b"}",
    "rpm": b'{"name":"k","rpm":99999999999999999999}',
    "rpm-float": b'{"name":"k","rpm":1e400}',
    "cap": b'{"name":"k","spend_cap_uzs":"1e999999"}',
    "addresses": b'{"name":"k","allowed_ips":["1.2.3.4/99", "\\u0000", 5]}',
    "scopes": b'{"name":"k","scopes":[[]]}',
    "expiry": b'{"name":"k","expires_at":"9999-99-99T99:99:99Z"}',
    "expiry-far": b'{"name":"k","expires_at":"9999-12-31T23:59:59-23:59"}',
}
PATHS = (
    "/v1/models?limit=x",
    "/v1/models?limit=" + "9" * 5_000,
    "/v1/models?limit=-1&after_id=%00",
    "/v1/models/%00",
    "/v1/models/%ff%fe",
    "/v1/models/" + "a" * 5_000,
    "/v1/models/test%2Fone@%00",
    "/v1/generation/%00",
    "/v1/generation/00000000-0000-0000-0000-000000000000%00",
    "/v1/generation/" + "f" * 32,
    "/api/keys/key_%00",
    "/api/keys/key_" + "0" * 32,
    "/api/keys?cursor=%00",
    "/api/%00",
)


@pytest.fixture
def manager(stack: Stack) -> Caller:
    return make_caller(scopes=("inference", "manage"))


@pytest.mark.parametrize("name", BODIES)
def test_no_key_is_made_of_rubbish(stack: Stack, manager: Caller, name: str):
    reply = talk(stack, post(manager, BODIES[name], first=CREATE))
    assert 400 <= reply.status < 500, reply.body
    assert {"message", "type", "param", "code"} <= set(reply.error)
    assert manager.project.keys.count() == 1


@pytest.mark.parametrize("number", range(len(PATHS)))
@pytest.mark.parametrize("version", ["", "anthropic-version: 2023-06-01"])
def test_odd_addresses_are_refused_or_answered(stack: Stack, manager: Caller, number: int, version: str):
    lines = [f"authorization: Bearer {manager.key}", *([version] if version else [])]
    reply = talk(stack, head(*lines, first=f"GET {PATHS[number]} HTTP/1.1"))
    assert reply.status < 500, reply.body
    assert reply.status == 200 or {"message", "type", "param", "code"} <= set(reply.error)
