"""Every address with an id, found in the URLconf: somebody else's object is as missing as a missing one."""

import re
from os import urandom
from uuid import uuid4

import pytest
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from accounts.access import Caller
from accounts.invitations import invite
from accounts.keys import create_key
from accounts.models import Membership, SignIn
from billing.ids import new_op_id
from billing.models import Receipt, TopUp
from dashboard.models import PriceAlert, SavedView
from proxy.models import Request
from routing.models import Model

from .people import home, project, signed_in

# Other people's code with tests of its own, and what is public anyway.
ELSEWHERE = ("admin/", "accounts/", "i18n/")
PUBLIC = {"model_id", "slug", "page"}  # models, documents, legal texts
BY_TOKEN = {"token", "secret"}  # links of e-mails, Telegram's calls: tests/dashboard/test_notifications.py
OWN = {"month", "family"}  # of whoever asks; tests/dashboard/test_paper_pages.py, test_openai_usage.py
BY_KEY_ONLY = {"request_id", "video_id"}  # receipt and videos over the API: tests/proxy, tests/live
NUMBERS = (
    "input_tokens",
    "cached_tokens",
    "cache_write_tokens",
    "output_tokens",
    "reasoning_tokens",
    "price_micros",
    "cost_micros",
    "hold_micros",
    "provider_cost_nano",
    "markup_bps",
    "latency_ms",
)
METHODS = ("get", "post", "put", "patch", "delete")


def addresses(patterns=None, prefix=""):
    """Each route with parameters, as (route, {name})."""
    for pattern in patterns or get_resolver().url_patterns:
        route = prefix + str(pattern.pattern)
        if route.startswith(ELSEWHERE):
            continue
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns, route)
        elif isinstance(pattern, URLPattern) and (names := set(pattern.pattern.converters)):
            yield route, names


def filled(route, values):
    return "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda match: str(values[match[1]]), route)


def call_of(user):
    """A call in the request log, for a receipt."""
    key, _ = create_key(project=project(user), name="Logged")
    numbers = dict.fromkeys(NUMBERS, 0)
    texts = dict.fromkeys(("model", "asked", "provider", "kind", "error_code", "finish_reason"), "x")
    flags = dict.fromkeys(("stream", "sandbox", "free", "estimated"), False)
    return Request.objects.create(
        id=new_op_id(),
        at=timezone.now(),
        org_id=home(user).pk,
        project_id=project(user).pk,
        key_id=key.pk,
        status="ok",
        http_status=200,
        attempts=[],
        prices={},
        **numbers,
        **texts,
        **flags,
    )


def topup_of(user):
    """A pending bank transfer."""
    return TopUp.objects.create(
        org=home(user), requested_by=user, amount_micros=10**10, reference="Alice's secret name"
    )


def alert_of(user):
    """A wish to hear of a price."""
    slug = f"vendor/{uuid4().hex}"
    model = Model.objects.create(slug=slug, name=slug, modality="chat", category="hosted")
    return PriceAlert.objects.create(organization=home(user), user=user, model=model, below_micros=1)


def view_of(user):
    """A filter of the activity page that was saved."""
    return SavedView.objects.create(organization=home(user), user=user, name="Alice's secret name")


def membership_of(user):
    """The person's place in their own organization."""
    return Membership.objects.get(organization=home(user), user=user)


def invitation_of(user):
    """Somebody is asked to join."""
    caller = Caller(organization=home(user), user=user, role="owner")
    return invite(caller, f"{uuid4().hex}@accounts.example", "viewer")[0]


def receipt_of(topup):
    """A receipt of a transfer; its file isn't asked for."""
    return Receipt.objects.create(
        topup=topup, uploaded_by=topup.requested_by, kind="jpeg", size=1, sha256=urandom(32)
    )


def plain(answer):
    """What an observer can tell apart: status, place and body, less tokens and the id that was asked for."""
    tokens = rb'(csrfmiddlewaretoken" value|nonce)="[^"]*"'
    numbered = rb"(topups|refunds|papers/receipts|alerts|views|sessions)/\d+"
    ids = rb"req_\w+|" + numbered + rb"|[0-9a-f]{32}|[0-9a-f]{8}-[0-9a-f-]{27}"
    body = re.sub(tokens + b"|" + ids, b"", answer.content)
    return answer.status_code, re.sub("[0-9a-f]{32}", "", answer.headers.get("Location", "")), body


@pytest.mark.django_db
def test_a_foreign_id_is_as_missing_as_a_missing_one(alice, bob):
    key, _ = create_key(project=project(alice), name="Alice's secret name")
    theirs = {"key_id": key.api_id, "call_id": call_of(alice).id, "project_id": project(alice).api_id}
    topup = topup_of(alice)
    theirs |= {"topup_id": f"topup_{topup.op_id.hex}", "number": topup.pk}
    theirs |= {"name": receipt_of(topup).name, "form": "pdf", "alert_id": alert_of(alice).pk}
    theirs |= {"view_id": view_of(alice).pk}
    theirs |= {"sign_in_id": SignIn.objects.create(user=alice, session_key=uuid4().hex).pk}
    theirs |= {"member_id": membership_of(alice).api_id, "invitation_id": invitation_of(alice).api_id}
    missing = {
        "key_id": f"key_{uuid4().hex}",
        "call_id": new_op_id(),
        "project_id": f"proj_{uuid4().hex}",
        "topup_id": f"topup_{uuid4().hex}",
        "number": 2**31 - 1,
        "alert_id": 2**31 - 1,
        "view_id": 2**31 - 1,
        "sign_in_id": 2**31 - 1,
        "member_id": f"mem_{uuid4().hex}",
        "invitation_id": f"inv_{uuid4().hex}",
        "name": uuid4(),
        "form": "pdf",
    }
    seen = 0
    for route, names in addresses():
        if names & (PUBLIC | BY_TOKEN | BY_KEY_ONLY | OWN):
            continue
        assert names <= theirs.keys(), f"{route}: teach this test what {names - theirs.keys()} means"
        for method in METHODS:
            foreign = getattr(signed_in(bob), method)(filled(route, theirs))
            nothing = getattr(signed_in(bob), method)(filled(route, missing))
            assert plain(foreign) == plain(nothing), (method, route)
            assert foreign.status_code in {404, 405}, (method, route)
            assert b"secret name" not in foreign.content
            seen += 1
    key.refresh_from_db()
    assert key.revoked_at is None
    assert PriceAlert.objects.filter(user=alice).exists()
    assert seen >= 3 * len(METHODS)


@pytest.mark.django_db
def test_the_owner_finds_what_others_do_not(alice):
    call = call_of(alice)
    key, _ = create_key(project=project(alice), name="Mine")
    client = signed_in(alice)
    assert client.get(f"/dashboard/activity/{call.id}").status_code == 200
    assert client.delete(f"/api/keys/{key.api_id}").status_code == 200


@pytest.mark.django_db
def test_the_last_use_of_a_key_is_its_last_call(alice):
    call = call_of(alice)
    create_key(project=project(alice), name="Unused")
    client = signed_in(alice)
    unused, used = client.get("/api/keys").json()["data"]
    assert (unused["lastUsed"], used["lastUsed"]) == (None, int(call.at.timestamp()) // 60 * 60)
    shown = timezone.localtime(call.at).strftime("%-d %b %Y, %H:%M")
    assert shown in client.get("/dashboard/keys").content.decode()


@pytest.mark.django_db
def test_every_private_address_asks_nobody_in(client):
    for route, names in addresses():
        if names & (PUBLIC | BY_TOKEN | BY_KEY_ONLY):
            continue
        answer = client.get(
            filled(
                route,
                dict.fromkeys(names, uuid4()) | {"number": 1, "alert_id": 1, "view_id": 1, "sign_in_id": 1},
            )
        )
        assert answer.status_code in {302, 401, 405}, route
