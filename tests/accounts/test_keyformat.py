"""The shape of a key: every one of ours passes, nearly nothing else does."""

import hmac
import string
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts import addresses, credentials, errors, keyformat
from accounts.keyformat import ALPHABET, LENGTH, checksum, checksum_ok, digest, new_key

BODIES = st.text(alphabet=ALPHABET, min_size=43, max_size=43)


def test_a_new_key_has_prefix_43_random_and_6_checksum_characters():
    key = new_key()
    assert key.startswith("cap-")
    assert len(key) == LENGTH == 53
    assert set(key[4:]) <= set(string.digits + string.ascii_letters)
    assert checksum_ok(key)


def test_new_keys_differ():
    assert len({new_key() for _ in range(100)}) == 100


@given(BODIES)
def test_every_body_with_its_checksum_passes(body):
    assert checksum_ok(f"cap-{body}" + checksum(f"cap-{body}"))


@given(BODIES)
def test_the_checksum_is_the_crc_in_base62_with_zeros_in_front(body):
    number = 0
    for char in checksum(f"cap-{body}"):
        number = number * 62 + ALPHABET.index(char)
    assert number == zlib.crc32(f"cap-{body}".encode())
    assert len(checksum(f"cap-{body}")) == 6


@given(BODIES, st.integers(4, 52), st.sampled_from(ALPHABET))
def test_any_single_changed_character_is_noticed(body, position, char):
    key = f"cap-{body}" + checksum(f"cap-{body}")
    changed = key[:position] + char + key[position + 1 :]
    assert checksum_ok(changed) is (changed == key)


@given(st.text(max_size=80))
def test_arbitrary_text_neither_passes_nor_fails_loudly(text):
    assert checksum_ok(text) is False


@pytest.mark.parametrize(
    "junk",
    [
        "",
        "cap-",
        "cap-' OR 1=1--",
        "cap-" + "a" * 8192,
        "cap-" + "é" * 49,
        "cap-" + "٣" * 49,  # digits to str.isdigit(), not to us
        "cap-" + "-" * 49,
        "cap-" + "a" * 43 + "a b c ",
        "sk-" + "a" * 50,
    ],
)
def test_junk_is_refused_by_shape_alone(junk):
    assert checksum_ok(junk) is False


def test_the_digest_is_hmac_sha256_under_the_pepper():
    key = new_key()
    assert digest(key, b"pepper") == hmac.new(b"pepper", key.encode(), "sha256").digest()
    assert digest(key, b"pepper") != digest(key, b"another")
    assert len(digest(key, b"pepper")) == 32


@given(st.text(max_size=20), st.text(max_size=20))
def test_a_masked_text_holds_no_key(before, after):
    key = new_key()
    text = keyformat.masked(f"{before} {key} {after}")
    assert key[8:] not in text
    assert key[:8] + "…" in text


def test_ordinary_words_are_not_masked():
    assert keyformat.masked("a cap-and-trade scheme, cap-abc") == "a cap-and-trade scheme, cap-abc"


@pytest.mark.parametrize("module", [addresses, credentials, errors, keyformat])
def test_the_hot_path_rooms_know_no_django(module):
    source = Path(module.__file__).read_text()
    assert "import django" not in source
    assert "from django" not in source
