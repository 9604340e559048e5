"""Making, finding and revoking keys."""

from datetime import timedelta
from uuid import uuid4

import psycopg
import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts.errors import ExpiredKey, InvalidField, InvalidKey, RevokedKey
from accounts.keyformat import digest, new_key
from accounts.keys import create_key, find_key, revoke_key
from accounts.models import ApiKey
from accounts.signup import open_account

from .people import PASSWORD, project


def test_a_key_is_found_by_its_plain_text(alice):
    key, plain = create_key(project=project(alice), name="Laptop", created_by=alice)
    assert find_key(plain) == key
    assert key.scopes == ["inference"]
    assert key.created_by == alice
    assert (key.prefix, key.last4) == (plain[:8], plain[-4:])


def test_the_plain_key_is_in_no_column_of_any_table(alice):
    _, plain = create_key(project=project(alice), name="Laptop")
    with connection.cursor() as cursor:
        cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
        tables = [name for (name,) in cursor.fetchall()]
        dump = ""
        for table in tables:
            cursor.execute(f'SELECT t::text FROM "{table}" t')
            dump += "\n".join(row for (row,) in cursor.fetchall())
    assert plain[:8] in dump
    assert plain[8:-4] not in dump
    assert plain.encode().hex() not in dump


def test_the_database_alone_does_not_verify_a_key(alice, settings):
    key, plain = create_key(project=project(alice), name="Laptop")
    assert bytes(key.digest) == digest(plain, settings.KEY_PEPPERS[key.pepper])
    settings.KEY_PEPPERS = {1: b"another pepper of sufficient length"}
    with pytest.raises(InvalidKey):
        find_key(plain)


def test_keys_of_an_old_pepper_still_work_and_new_ones_use_the_newest(alice, settings):
    settings.KEY_PEPPERS = {1: b"the first pepper of all"}
    _, old = create_key(project=project(alice), name="Old")
    settings.KEY_PEPPERS = {1: b"the first pepper of all", 2: b"the second pepper of all"}
    newer, new = create_key(project=project(alice), name="New")
    assert newer.pepper == 2
    assert find_key(old).name == "Old"
    assert find_key(new).name == "New"


def test_junk_costs_no_query(alice, django_assert_num_queries):
    with django_assert_num_queries(0), pytest.raises(InvalidKey):
        find_key("cap-' OR 1=1--")


def test_a_well_formed_unknown_key_is_invalid(db):
    with pytest.raises(InvalidKey):
        find_key(new_key())


def test_a_revoked_key_is_refused_and_revoked_once(alice):
    key, plain = create_key(project=project(alice), name="Laptop")
    assert revoke_key(key) is True
    assert revoke_key(key) is False
    with pytest.raises(RevokedKey):
        find_key(plain)


def test_an_expired_key_is_refused(alice):
    key, plain = create_key(
        project=project(alice), name="Brief", expires_at=timezone.now() + timedelta(hours=1)
    )
    ApiKey.objects.filter(pk=key.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    with pytest.raises(ExpiredKey):
        find_key(plain)
    key.refresh_from_db()
    assert key.state == "expired"


@pytest.mark.django_db(transaction=True)
def test_a_revocation_is_announced_with_the_digest():
    # Commits for good, so it needs a person of its own.
    user = open_account(email=f"{uuid4().hex}@accounts.example", password=PASSWORD)
    key, plain = create_key(project=project(user), name="Laptop")
    parameters = connection.get_connection_params()
    parameters = {
        name: parameters[name]
        for name in ("dbname", "user", "password", "host", "port")
        if parameters.get(name)
    }
    with psycopg.connect(**parameters, autocommit=True) as listener:
        listener.execute("LISTEN api_key")
        revoke_key(key)
        heard = [note.payload for note in listener.notifies(timeout=5, stop_after=1)]
    assert heard == [bytes(key.digest).hex()]
    assert plain not in heard[0]


@pytest.mark.parametrize(
    ("limits", "param"),
    [
        ({"name": "  "}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": "line\nbreak"}, "name"),
        ({"name": "nul\x00"}, "name"),
        ({"rpm": 0}, "rpm"),
        ({"rpm": -1}, "rpm"),
        ({"rpm": 61}, "rpm"),
        ({"allowed_ips": ["localhost"]}, "allowed_ips"),
        ({"allowed_ips": ["10.0.0.1/8"]}, "allowed_ips"),
        ({"allowed_ips": ["10.0.0.1"] * 51}, "allowed_ips"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["admin"]}, "scopes"),
        ({"expires_at": timezone.now() - timedelta(minutes=1)}, "expires_at"),
    ],
)
def test_a_key_outside_the_rules_is_refused(alice, limits, param):
    with pytest.raises(InvalidField) as caught:
        create_key(**{"project": project(alice), "name": "Laptop", **limits})
    assert caught.value.param == param
    assert not ApiKey.objects.filter(project=project(alice)).exists()


def test_addresses_and_scopes_are_stored_in_one_form(alice):
    key, _ = create_key(
        project=project(alice),
        name=" Laptop ",
        allowed_ips=["10.0.0.1", "10.0.0.1/32", "2001:DB8::/32"],
        scopes=["manage", "inference", "manage"],
    )
    key.refresh_from_db()
    assert key.name == "Laptop"
    assert key.allowed_ips == ["10.0.0.1/32", "2001:db8::/32"]
    assert key.scopes == ["inference", "manage"]


def test_the_operator_may_raise_an_organizations_ceiling(alice):
    place = project(alice)
    place.organization.key_rpm_max = 500
    assert create_key(project=place, name="Fast", rpm=500)[0].rpm == 500


@pytest.mark.parametrize("columns", [{"digest": b"short"}, {"scopes": []}, {"scopes": ["root"]}, {"rpm": 0}])
def test_the_database_refuses_what_no_key_may_be(alice, columns):
    key, _ = create_key(project=project(alice), name="Laptop")
    with pytest.raises(IntegrityError), transaction.atomic():
        ApiKey.objects.filter(pk=key.pk).update(**columns)
