"""Who has the whole database and all settings opens no record: the private key was never here."""

import base64
import binascii
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.db import connection

from accounts.seals import unseal_or_none
from cloudapi.decrypt import Unopened, open_record
from proxy.contents.records import all_of
from tests.content import keep, log_to
from tests.factories import make_caller

pytestmark = pytest.mark.django_db

KEY_BYTES, CONTENT_KEY_BYTES = 32, 16


def test_the_server_with_all_its_secrets_opens_nothing() -> None:
    caller = make_caller()
    pair = log_to(caller.project)
    keep(caller, pair)
    (record,) = (one.shown() for one in all_of(caller.project))
    assert pair.read(record)["request"]["text"] == "ab"
    known = set(secrets(vars(settings._wrapped))) | set(secrets(all_rows()))
    keys = {key for secret in known for key in as_keys(secret)}
    assert sha256(settings.SECRET_KEY.encode()).digest() in keys
    assert bytes(pair.key.public_key) in keys
    assert len(keys) > 1_000
    assert not [key for key in keys if opens(record, key)]
    assert opens(record, pair.private.private_bytes_raw())


def test_no_bytes_of_a_record_are_its_key() -> None:
    caller = make_caller()
    keep(caller, log_to(caller.project))
    (record,) = (one.shown() for one in all_of(caller.project))
    sealed = base64.b64decode(record["sealed"])
    aad = "{v}|{project}|{request_id}|{time}|{key_id}".format_map(record).encode()
    for start in range(len(sealed) - CONTENT_KEY_BYTES + 1):
        with pytest.raises(InvalidTag):
            AESGCM(sealed[start : start + CONTENT_KEY_BYTES]).decrypt(sealed[64:76], sealed[76:], aad)


def opens(record: dict[str, Any], key: bytes) -> bool:
    try:
        open_record(record, {record["key_id"]: X25519PrivateKey.from_private_bytes(key)})
    except Unopened:
        return False
    return True


def all_rows() -> Iterator[Any]:
    """Every value of every table."""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}" LIMIT 500')
            for row in cursor.fetchall():
                yield from row


def secrets(value: Any) -> Iterator[bytes]:
    """Whatever may be a secret in a setting or a row, unsealed where that is possible."""
    if isinstance(value, dict):
        yield from secrets([*value, *value.values()])
    elif isinstance(value, bytes | memoryview):
        yield bytes(value)
        yield (unseal_or_none(bytes(value)) or "").encode()
    elif isinstance(value, str | int):
        yield str(value).encode()
    elif isinstance(value, list | tuple | set | frozenset | Iterator):
        for one in value:
            yield from secrets(one)


def as_keys(secret: bytes) -> Iterator[bytes]:
    """All that 32 bytes could be made of it."""
    yield sha256(secret).digest()
    for decode in (bytes, binascii.unhexlify, base64.b64decode, base64.urlsafe_b64decode):
        try:
            found = decode(secret)
        except (ValueError, binascii.Error):
            continue
        if len(found) >= KEY_BYTES:
            yield found[:KEY_BYTES]
            yield found[-KEY_BYTES:]
