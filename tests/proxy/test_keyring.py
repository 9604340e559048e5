"""Credentials as several workers share them, on a real Redis-compatible server, and in the books."""

import random
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts import alerts
from accounts.models import Alert, User
from proxy import custody
from proxy import keyring as module
from proxy.checkup import redis
from proxy.keyring import OFF_KEY, ON_KEY, Keyring
from routing.credentials import seal
from routing.models import Credential, Provider
from routing.snaps import CredentialSnap, EndpointSnap
from tests.proxy.calls import endpoint_of


def endpoint(*keys: CredentialSnap, number: int = 1) -> EndpointSnap:
    found = endpoint_of("up", "openai")
    return replace(found, id=number, provider=replace(found.provider, credentials=keys))


@pytest.fixture
def two_keys() -> tuple[CredentialSnap, CredentialSnap]:
    """Ids that no other test has."""
    first = random.SystemRandom().randrange(10**9, 10**12)
    one, other = (
        CredentialSnap(id=n, name=f"{n}.1", label="k", secret=f"sk-{n}", weight=1) for n in (first, first + 1)
    )
    return one, other


@pytest.fixture
async def workers() -> AsyncIterator[tuple[Keyring, Keyring]]:
    one, other = Keyring(settings.REDIS_URL), Keyring(settings.REDIS_URL)
    yield one, other
    one.close()
    other.close()


def picked(keyring: Keyring, where: EndpointSnap, turns: int = 6, **more: Any) -> set[str]:
    return {key.secret for _ in range(turns) if (key := keyring.pick(where, **more))}


async def test_what_one_worker_finds_out_all_know(
    workers: tuple[Keyring, Keyring], two_keys: tuple[CredentialSnap, CredentialSnap]
):
    one, other = workers
    good, bad = two_keys
    where = endpoint(good, bad)
    one.refused(bad, where, "http_401")
    assert picked(one, where) == {good.secret}
    assert picked(other, where) == {good.secret, bad.secret}
    await one.beat()
    await other.beat()
    assert picked(other, where) == {good.secret}
    renewed = endpoint(good, replace(bad, name=f"{bad.id}.2"))
    assert picked(other, renewed) == {good.secret, bad.secret}


async def test_a_limited_one_waits_at_its_endpoint_alone(
    workers: tuple[Keyring, Keyring],
    two_keys: tuple[CredentialSnap, CredentialSnap],
    monkeypatch: pytest.MonkeyPatch,
):
    one, other = workers
    good, busy = two_keys
    here, there = endpoint(good, busy), endpoint(good, busy, number=2)
    one.limited(busy, here, 30)
    await one.beat()
    await other.beat()
    for worker in workers:
        assert picked(worker, here) == {good.secret}
        assert picked(worker, there) == {good.secret, busy.secret}
        assert 20 < worker.wait_s(here, 0) <= 30
    later = module.time.monotonic() + 31
    monkeypatch.setattr(module.time, "monotonic", lambda: later)
    assert picked(other, here) == {good.secret, busy.secret}


async def test_who_has_read_a_prompt_is_asked_again(two_keys: tuple[CredentialSnap, CredentialSnap]):
    keyring = Keyring("redis://127.0.0.1:1/0")
    where = endpoint(*two_keys)
    reader = two_keys[1]
    keyring.answered(reader, where, 77, probe=False)
    assert picked(keyring, where, prefix=77) == {reader.secret}
    assert picked(keyring, where, prefix=78) == {key.secret for key in two_keys}
    keyring.refused(reader, where, "http_401")
    assert picked(keyring, where, prefix=77) == {two_keys[0].secret}


def test_a_disabled_one_is_used_only_when_nothing_else_is_left(
    two_keys: tuple[CredentialSnap, CredentialSnap],
):
    keyring = Keyring("redis://127.0.0.1:1/0")
    good, bad = two_keys[0], replace(two_keys[1], disabled=True)
    assert picked(keyring, endpoint(good, bad)) == {good.secret}
    assert keyring.pick(endpoint(good, bad), 0, [good.name]) is None
    assert keyring.pick(endpoint(bad)) is bad
    assert keyring.pick(endpoint()) is None


async def test_without_redis_a_worker_knows_what_it_has_seen_itself(
    two_keys: tuple[CredentialSnap, CredentialSnap],
):
    alone = Keyring("redis://127.0.0.1:1/0")
    good, bad = two_keys
    alone.refused(bad, endpoint(good, bad), "http_402")
    with pytest.raises(OSError):
        await alone.beat()
    assert picked(alone, endpoint(good, bad)) == {good.secret}


# into the books


@pytest.fixture
def row() -> Credential:
    provider = Provider.objects.create(slug=f"p-{uuid4().hex[:8]}", name="Prov", base_url="https://p.test/v1")
    Credential.objects.create(provider=provider, label="spare", ref="env:SPARE")
    secret = "sk-never-told-9876"
    return Credential.objects.create(provider=provider, label="main", sealed=seal(secret), last4="9876")


@pytest.fixture
def _told(row: Credential) -> Iterator[None]:
    redis().hset(OFF_KEY, row.name, "0 http_401")
    yield
    for key in (OFF_KEY, ON_KEY):
        redis().hdel(key, *[f"{row.pk}.{version}" for version in range(5)])


@pytest.mark.django_db
@pytest.mark.usefixtures("_told")
def test_a_refusal_is_written_down_once_and_told(row: Credential, settings: Any):
    settings.ALERT_EMAILS = ["ops@test.invalid"]
    assert custody.keep()[0] >= 1
    redis().hset(OFF_KEY, row.name, "0 http_401")
    custody.keep()
    row.refresh_from_db()
    assert (row.disabled_reason, row.version) == ("http_401", 1)
    told = Alert.objects.get(dedupe_key=f"credential:{row.pk}")
    assert "1 other credentials" in told.text
    alerts.send_due()
    assert any("'main'" in message.subject for message in mail.outbox)
    assert not any("never-told" in message.body + message.subject for message in mail.outbox)


@pytest.mark.django_db
@pytest.mark.usefixtures("_told")
def test_what_was_found_of_an_earlier_version_counts_no_more(row: Credential):
    Credential.objects.filter(pk=row.pk).update(version=2)
    custody.keep()
    row.refresh_from_db()
    assert row.disabled_at is None


@pytest.mark.django_db
@pytest.mark.usefixtures("_told")
def test_a_provider_that_takes_it_again_enables_it(row: Credential):
    custody.keep()
    redis().hset(ON_KEY, row.name, "0")
    custody.keep()
    row.refresh_from_db()
    assert (row.disabled_at, row.disabled_reason, row.version) == (None, "", 2)


@pytest.mark.django_db
def test_operators_see_how_credentials_fare_and_enable_them_again(client: Client, row: Credential):
    page = "/admin/proxy/credentialhealth/"
    assert client.get(page).status_code == 302
    Credential.objects.filter(pk=row.pk).update(disabled_at=timezone.now(), disabled_reason="http_402")
    operator = User.objects.create(email="op@test.invalid", password="!", is_staff=True, is_superuser=True)
    client.force_login(operator, "allauth.account.auth_backends.AuthenticationBackend")
    text = client.get(page).content.decode()
    assert "…9876" in text
    assert "http_402" in text
    assert "never-told" not in text
    client.post(page, {"action": "enable", "_selected_action": [row.pk]})
    row.refresh_from_db()
    assert (row.disabled_at, row.version) == (None, 2)
    assert "http_402" in LogEntry.objects.get(object_id=str(row.pk)).change_message
