"""Inputs 15–26 of reliability.md §4: who may not come in, on both planes."""

from datetime import timedelta

import psycopg
import pytest
from django.conf import settings
from django.utils import timezone

from accounts.keyformat import new_key
from accounts.keys import revoke_key
from tests.factories import Caller, make_caller
from tests.live.client import PATH
from tests.live.raw import HELLO, Bad, RawReply, head, post, refused, talk
from tests.stack import Stack

CHALLENGE = (("www-authenticate", 'Bearer realm="cloudapi"'), ("x-should-retry", "false"))
UNKNOWN = new_key()
WRONG_SUM = UNKNOWN[:-1] + ("1" if UNKNOWN[-1] == "0" else "0")
NO_KEY = {
    "17-prefix": b"Bearer sk-whatever",
    "17-checksum": f"Bearer {WRONG_SUM}".encode(),
    "17-quotes": f'Bearer "{UNKNOWN}"'.encode(),
    "18": f"Bearer {UNKNOWN}".encode(),
    "20": b"Bearer cap-' OR 1=1--",
    "21-long": b"Bearer " + b"x" * 8_192,
    "21-long-ours": b"Bearer cap-" + b"0" * 8_192,
    "21-bytes": b"Bearer cap-\xc3\xa9\xff",
    "21-digits": b"Bearer cap-" + "٣".encode() * 24 + b"0",
}
NO_SCHEME = {
    "16-basic": b"Basic YTpi",
    "16-alone": b"Bearer",
    "16-blank": b"Bearer  ",
    "16-key": UNKNOWN.encode(),
}


def with_(*lines: str | bytes):
    return lambda caller: post(None, None, *lines)


BAD = [
    Bad("15", with_(), 401, "missing_api_key", headers=CHALLENGE),
    Bad("15-empty", with_("authorization:"), 401, "missing_api_key", headers=CHALLENGE),
    Bad("15-cookie", with_("cookie: sessionid=x"), 401, "missing_api_key", headers=CHALLENGE),
    *[
        Bad(name, with_(b"authorization: " + value), 401, "invalid_auth_scheme", headers=CHALLENGE)
        for name, value in NO_SCHEME.items()
    ],
    *[
        Bad(name, with_(b"authorization: " + value), 401, "invalid_api_key", headers=CHALLENGE)
        for name, value in NO_KEY.items()
    ],
    Bad("18-x-api-key", with_(f"x-api-key: {UNKNOWN}"), 401, "invalid_api_key", headers=CHALLENGE),
    Bad(
        "22-two", lambda c: post(c, None, f"authorization: Bearer {new_key()}"), 400, "ambiguous_credentials"
    ),
    Bad("22-both", lambda c: post(c, None, f"x-api-key: {new_key()}"), 400, "ambiguous_credentials"),
    Bad("23", lambda c: post(c, first=f"POST {PATH}?api_key={c.key} HTTP/1.1"), 401, "key_in_url"),
    Bad("23-name", lambda c: post(c, first=f"POST {PATH}?a=1&KEY=x HTTP/1.1"), 401, "key_in_url"),
    Bad("23-value", lambda c: post(c, first=f"POST {PATH}?q={c.key} HTTP/1.1"), 401, "key_in_url"),
    Bad("23-models", lambda c: head(first=f"GET /v1/models?key={c.key} HTTP/1.1"), 401, "key_in_url"),
]


@pytest.mark.parametrize("case", BAD, ids=str)
def test_bad_credentials_are_refused(stack: Stack, case: Bad):
    caller = make_caller(balance_uzs=1_000)
    refused(stack, caller, case)
    assert talk(stack, post(caller)).status == 200


def test_no_log_has_a_key_that_came_in_a_url(stack: Stack):
    caller = make_caller()
    for path in (PATH, "/v1/models", "/v1/nope", "/accounts/login/"):
        talk(stack, head(first=f"GET {path}?token={caller.key} HTTP/1.1"))
    assert caller.key[8:] not in stack.gateway.log.read_text()


def told(reply: RawReply) -> tuple[int, dict[str, str]]:
    """Status and error, without what differs from call to call."""
    return reply.status, reply.error


def test_an_unknown_key_looks_like_a_malformed_one(stack: Stack):
    """Byte for byte, or the answer would say which checksums are right."""
    unknown, malformed = (
        talk(stack, post(None, None, f"authorization: Bearer {key}")) for key in (UNKNOWN, WRONG_SUM)
    )
    assert told(unknown) == told(malformed)
    volatile = {"date", "x-request-id", "request-id"}
    first, second = (
        [pair for pair in reply.headers if pair[0] not in volatile] for reply in (unknown, malformed)
    )
    assert first == second


def expired() -> Caller:
    caller = make_caller(balance_uzs=1_000)
    caller.api_key.expires_at = timezone.now() - timedelta(seconds=1)
    caller.api_key.save()
    return caller


def revoked() -> Caller:
    caller = make_caller(balance_uzs=1_000)
    revoke_key(caller.api_key)
    return caller


def suspended() -> Caller:
    caller = make_caller(balance_uzs=1_000)
    caller.organization.suspended_at = timezone.now()
    caller.organization.save()
    return caller


@pytest.mark.parametrize(
    ("number", "make", "status", "code"),
    [
        ("19-revoked", revoked, 401, "api_key_revoked"),
        ("19-expired", expired, 401, "api_key_expired"),
        ("25", suspended, 403, "account_suspended"),
        ("26-ip", lambda: make_caller(balance_uzs=1_000, allowed_ips=["10.1.2.0/24"]), 403, "ip_not_allowed"),
        ("26-scope", lambda: make_caller(balance_uzs=1_000, scopes=("manage",)), 403, "scope_missing"),
    ],
)
def test_a_key_that_may_not_call(stack: Stack, number: str, make, status: int, code: str):
    caller = make()
    refused(stack, caller, Bad(number, post, status, code))
    refused(stack, caller, Bad(number, lambda c: get_models(c), status, code))


def get_models(caller: Caller) -> bytes:
    return head(f"authorization: Bearer {caller.key}", first="GET /v1/models HTTP/1.1")


def test_a_model_that_the_project_may_not_use(stack: Stack):
    caller = make_caller(balance_uzs=1_000, allowed_models=["test/echo"])
    refused(stack, caller, Bad("26-model", post, 403, "model_not_allowed", "model"))
    assert talk(stack, post(caller, HELLO | {"model": "test/echo"})).status == 200


def test_an_unreachable_key_store_is_503_never_401(stack: Stack):
    """Input 24: clients give up for good on a 401."""
    caller = make_caller(balance_uzs=1_000)
    url = settings.DATABASE_URL.replace("/test_", "/live_")
    with psycopg.connect(url) as session:
        session.execute("LOCK TABLE accounts_apikey IN ACCESS EXCLUSIVE MODE")
        reply = refused(stack, caller, Bad("24", post, 503, "auth_unavailable"))
        session.rollback()
    assert int(reply.header("retry-after")) > 0
    assert talk(stack, post(caller)).status == 200
