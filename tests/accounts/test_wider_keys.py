"""No key makes one that can do more than itself."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.keys import find_key
from accounts.models import ApiKey
from billing import caps
from dashboard.keys import SpendCap, Window

from .asking import manager, post, refused
from .people import project, signed_in

pytestmark = pytest.mark.django_db

LATER = timezone.now() + timedelta(days=30)
SOONER = timezone.now() + timedelta(days=1)


@pytest.mark.parametrize(
    ("parent", "child", "param"),
    [
        ({"scopes": ["manage"]}, {}, "scopes"),
        ({"scopes": ["manage"]}, {"scopes": ["inference", "manage"]}, "scopes"),
        ({"rpm": 10}, {"rpm": 11}, "rpm"),
        ({"rpm": 10}, {"rpm": None}, "rpm"),
        ({"expires_at": SOONER}, {"expires_at": LATER.isoformat()}, "expires_at"),
        ({"expires_at": SOONER}, {"expires_at": None}, "expires_at"),
        ({"allowed_ips": ["127.0.0.0/8"]}, {"allowed_ips": []}, "allowed_ips"),
        ({"allowed_ips": ["127.0.0.0/8"]}, {"allowed_ips": ["127.0.0.1", "10.0.0.1"]}, "allowed_ips"),
        ({"allowed_ips": ["127.0.0.0/8"]}, {"allowed_ips": ["0.0.0.0/0"]}, "allowed_ips"),
    ],
)
def test_a_key_makes_no_wider_key(alice, parent, child, param):
    client, key = manager(alice, **parent)
    refused(post(client, name="Child", **child), 403, "wider_than_parent", param)
    assert list(ApiKey.objects.filter(project=project(alice))) == [key]


@pytest.mark.parametrize(
    ("parent", "child"),
    [
        ({}, {"rpm": 60, "scopes": ["inference", "manage"]}),
        ({"rpm": 10}, {"rpm": 10}),
        ({"expires_at": LATER}, {"expires_at": SOONER.isoformat()}),
        ({"allowed_ips": ["127.0.0.0/8"]}, {"allowed_ips": ["127.0.0.1"]}),
    ],
)
def test_a_key_makes_keys_within_its_own_powers(alice, parent, child):
    client, _ = manager(alice, **parent)
    assert post(client, name="Child", **child).status_code == 200


def test_a_limit_left_out_is_the_asking_keys_own(alice):
    client, parent = manager(alice, rpm=10, expires_at=SOONER, allowed_ips=["127.0.0.0/8"])
    child = find_key(post(client, name="Child").json()["key"])
    assert (child.rpm, child.expires_at, child.allowed_ips) == (10, SOONER, ["127.0.0.0/8"])
    assert child.scopes == ["inference"]


CAP = {"limit_uzs": "100", "window": "month"}


@pytest.mark.parametrize(
    ("cap", "allowed"),
    [
        (None, False),
        (CAP, True),
        ({**CAP, "limit_uzs": "100.000001"}, False),
        ({**CAP, "window": "lifetime"}, True),
        ({**CAP, "window": "day"}, False),
        ({"limit_uzs": "1", "window": "day"}, False),
    ],
)
def test_a_capped_key_makes_only_keys_with_a_cap_as_strict(alice, cap, allowed):
    client, parent = manager(alice)
    caps.set_cap(caps.Scope.KEY_MONTH, parent.pk, 100_000_000)
    answer = post(client, name="Child", cap=cap)
    if allowed:
        assert answer.json()["cap"] == cap
    else:
        refused(answer, 403, "wider_than_parent", "cap")


def test_a_cap_within_another_never_lets_more_through():
    lifetime, month, day = (SpendCap(100, window) for window in (Window.LIFETIME, Window.MONTH, Window.DAY))
    assert lifetime.within(month)
    assert month.within(day)
    assert not day.within(month)
    assert not SpendCap(101, Window.LIFETIME).within(day)


def test_an_organization_has_a_bounded_number_of_keys(alice, monkeypatch):
    monkeypatch.setattr("dashboard.keys.KEYS_MAX", 2)
    client = signed_in(alice)
    answers = [post(client, name=str(number)).status_code for number in range(3)]
    assert answers == [200, 200, 400]
