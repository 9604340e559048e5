"""A walk over every billable route: whoever may not call is refused before anything moves, on each of them.

A route that is added without its guards, or without a body in tests/contract/bodies.py, fails here.
"""

import pytest
from django.conf import settings
from django.test import Client

from accounts.keyformat import new_key
from accounts.keys import revoke_key
from accounts.models import Organization
from proxy.call import Part
from proxy.dialects import form
from proxy.routes import BILLABLE
from proxy.surfaces import SURFACES
from tests.contract.bodies import BODIES
from tests.factories import Caller, make_caller
from tests.live.client import Reply, get, send
from tests.processes import until
from tests.stack import Stack
from tests.upstream.pictures import png
from tests.upstream.voice import tone

MODELS = {
    "chat": "test/one",
    "embedding": "test/embed",
    "moderation": "test/moderate",
    "image": "test/image",
    "speech": "test/speak",
    "transcription": "test/hear",
    "video": "test/video",
}
FILES = {
    "image_edits": Part("image", "a.png", "image/png", png((8, 8), "x")),
    "transcriptions": Part("file", "a.wav", "audio/wav", b""),
    "translations": Part("file", "a.wav", "audio/wav", b""),
}
FREE_OF_CHARGE = {"/v1/messages/count_tokens", "/v1/moderations", "/v1/route"}
ROUTES = sorted(BILLABLE)


def ask(stack: Stack, path: str, headers: dict[str, str], model: str = "") -> Reply:
    """A good request to this route."""
    route = BILLABLE[path]
    model = model or MODELS[SURFACES[route.surface].modality]
    if route.surface in FILES:
        part = FILES[route.surface]
        data = part.data or tone(1)
        kind, raw = form.build(
            {"model": model, "prompt": "Registon"}, [Part(part.of, part.name, part.kind, data)]
        )
        return send(stack, {"content-type": kind} | headers, raw, path=path)
    return send(stack, headers, {"model": model, **BODIES[route.surface]}, path=path)


def refused(reply: Reply, status: int, code: str) -> None:
    assert (reply.status, reply.error["code"]) == (status, code), reply.body
    assert reply.headers["x-request-id"]


@pytest.mark.parametrize("path", ROUTES)
def test_who_has_money_and_a_key_is_served_and_pays_once(stack: Stack, path: str):
    caller = make_caller(balance_uzs=1_000_000)
    reply = ask(stack, path, caller.headers)
    assert reply.status == 200, reply.body
    assert reply.headers["x-ratelimit-remaining"]
    if BILLABLE[path].counts_rpm:
        untouched(caller)
    elif path == "/v1/videos":  # a job's charge comes with its end (test_videos.py)
        (hold,) = caller.holds(0)
        assert hold["owner"] < 0
    else:
        (row,) = until(caller.requests, "the row")
        assert (row["kind"], row["status"]) == (BILLABLE[path].surface, "ok")
        assert row["cost_micros"] == caller.charged()
        assert (row["cost_micros"] > 0) is (path not in FREE_OF_CHARGE)
        assert caller.wallet()["held_micros"] == 0


@pytest.mark.parametrize("path", ROUTES)
def test_an_unknown_model_and_one_of_another_kind(stack: Stack, path: str):
    caller = make_caller(balance_uzs=1_000_000)
    refused(ask(stack, path, caller.headers, "nobody/nothing"), 404, "model_not_found")
    other = "test/one" if SURFACES[BILLABLE[path].surface].modality != "chat" else "test/embed"
    refused(ask(stack, path, caller.headers, other), 400, "model_not_supported")
    untouched(caller)


@pytest.mark.parametrize("path", ROUTES)
def test_credentials_are_checked(stack: Stack, path: str):
    refused(ask(stack, path, {}), 401, "missing_api_key")
    refused(ask(stack, path, {"authorization": f"Bearer {new_key()}"}), 401, "invalid_api_key")
    refused(ask(stack, path, make_caller(scopes=("manage",)).headers), 403, "scope_missing")
    refused(ask(stack, path, make_caller(allowed_ips=["203.0.113.0/24"]).headers), 403, "ip_not_allowed")
    revoked = make_caller(balance_uzs=10)
    revoke_key(revoked.api_key)
    refused(ask(stack, path, revoked.headers), 401, "api_key_revoked")
    suspended = make_caller(balance_uzs=10)
    Organization.objects.filter(pk=suspended.organization.pk).update(suspended_at="2026-01-01T00:00:00Z")
    refused(ask(stack, path, suspended.headers), 403, "account_suspended")
    in_url = send(stack, {}, {}, path=f"{path}?api_key=x")
    assert in_url.status in (401, 415)


@pytest.mark.parametrize("path", ROUTES)
def test_a_session_is_nobody(stack: Stack, path: str):
    browser = Client()
    backend = "allauth.account.auth_backends.AuthenticationBackend"
    browser.force_login(make_caller(balance_uzs=1000).user, backend)
    name = settings.SESSION_COOKIE_NAME
    refused(ask(stack, path, {"cookie": f"{name}={browser.cookies[name].value}"}), 401, "missing_api_key")


@pytest.mark.parametrize("path", ROUTES)
def test_a_project_calls_what_it_may(stack: Stack, path: str):
    caller = make_caller(balance_uzs=1_000_000, allowed_models=["test/small"])
    refused(ask(stack, path, caller.headers), 403, "model_not_allowed")
    untouched(caller)


@pytest.mark.parametrize("path", [path for path in ROUTES if not BILLABLE[path].counts_rpm])
def test_a_full_window_is_429(stack: Stack, path: str):
    caller = make_caller(balance_uzs=1_000_000, rpm=1)
    ask(stack, path, caller.headers)
    reply = ask(stack, path, caller.headers)
    refused(reply, 429, "rate_limit_exceeded")
    assert int(reply.headers["retry-after"]) <= 60


@pytest.mark.parametrize("path", [path for path in ROUTES if path not in FREE_OF_CHARGE])
def test_an_empty_wallet_and_a_full_budget_are_402(stack: Stack, path: str):
    broke = make_caller()
    refused(ask(stack, path, broke.headers), 402, "insufficient_balance")
    untouched(broke)
    capped = make_caller(balance_uzs=1_000_000, caps={"project_day": 0})
    refused(ask(stack, path, capped.headers), 402, "budget_exceeded")
    untouched(capped)


@pytest.mark.parametrize("path", [path for path, route in BILLABLE.items() if not route.shared])
def test_other_methods_are_405(stack: Stack, path: str):
    reply = get(stack, path)
    refused(reply, 405, "method_not_allowed")
    assert reply.headers["allow"] == BILLABLE[path].method


def untouched(caller: Caller) -> None:
    assert caller.holds() == []
    assert caller.charged() == 0


def test_the_books_are_right_after_all_that(stack: Stack):
    stack.check_ledger()
