"""The key of our own test calls: made at first use, sealed, and replaced before anybody could miss it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.errors import RevokedKey
from accounts.keys import find_key, revoke_key
from accounts.models import ApiKey
from proxy.models import ProbeKey
from proxy.probe_key import probe_key

pytestmark = pytest.mark.django_db


def test_it_is_the_platforms_and_stays_the_same():
    plain = probe_key()
    assert probe_key() == plain
    key = find_key(plain)
    assert key.project.organization.slug == "platform"
    assert key.scopes == ["inference"]


def test_it_is_kept_sealed():
    plain = probe_key()
    assert plain.encode() not in bytes(ProbeKey.objects.get().sealed)


def test_after_a_week_there_is_another_one_and_the_old_one_ends():
    old = probe_key()
    ApiKey.objects.update(created_at=timezone.now() - timedelta(days=7, minutes=1))
    new = probe_key()
    assert new != old
    assert find_key(new).state == "active"
    with pytest.raises(RevokedKey):
        find_key(old)


def test_revoking_it_replaces_it():
    old = probe_key()
    revoke_key(find_key(old))
    assert find_key(probe_key()).state == "active"


def test_a_seal_that_nothing_opens_is_no_key():
    old = probe_key()
    ProbeKey.objects.update(sealed=b"lost")
    assert probe_key() != old
