"""A project's content log is turned on with a public key, changed, and turned off."""

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from accounts.errors import InvalidField
from accounts.logkeys import active_key, fingerprint, keep_days, turn_off, turn_on
from accounts.models import ContentLog, LogKey
from tests.factories import make_caller

pytestmark = pytest.mark.django_db


def public() -> bytes:
    return X25519PrivateKey.generate().public_key().public_bytes_raw()


def test_content_is_not_logged_unless_a_project_asks():
    project = make_caller().project
    assert project.content_log == ContentLog.OFF
    assert project.content_days == 30
    assert active_key(project) is None


def test_a_new_key_retires_the_one_before_which_stays():
    caller = make_caller()
    first = turn_on(caller.project, public(), caller.user)
    second = turn_on(caller.project, public(), caller.user)
    first.refresh_from_db()
    assert first.retired_at is not None
    assert active_key(caller.project) == second
    assert LogKey.objects.filter(project=caller.project).count() == 2
    assert second.fingerprint == fingerprint(bytes(second.public_key))


def test_the_same_key_twice_is_one_and_a_retired_one_does_not_come_back():
    project = make_caller().project
    old, new = public(), public()
    assert turn_on(project, old) == turn_on(project, old)
    turn_on(project, new)
    with pytest.raises(InvalidField, match="retired"):
        turn_on(project, old)


def test_off_and_on_again_keeps_the_key():
    project = make_caller().project
    key = public()
    turn_on(project, key)
    turn_off(project)
    project.refresh_from_db()
    assert (project.content_log, active_key(project)) == (ContentLog.OFF, None)
    turn_on(project, key)
    assert active_key(project) is not None


@pytest.mark.parametrize("key", [b"", bytes(31), bytes(33), bytes(32), b"\x01" + bytes(31),
                                 bytes(31) + b"\x80", bytes.fromhex("ec" + "ff" * 30 + "7f")])  # fmt: skip
def test_what_is_no_public_key_is_refused(key: bytes):
    project = make_caller().project
    with pytest.raises(InvalidField) as refusal:
        turn_on(project, key)
    assert refusal.value.param == "public_key"
    assert active_key(project) is None


@pytest.mark.parametrize("days", [6, 91, -1])
def test_content_is_kept_for_seven_to_ninety_days(days: int):
    project = make_caller().project
    with pytest.raises(InvalidField):
        keep_days(project, days)
    for allowed in (7, 90):
        keep_days(project, allowed)
        project.refresh_from_db()
        assert project.content_days == allowed
