"""The shape of an API key: `cap-` + 43 random base62 characters + 6 characters of checksum.

Pure and without Django: the gateway runs checksum_ok() and digest() on every call, so junk is
refused for the price of a CRC and never reaches the database.
"""

import hmac
import re
import secrets
import zlib
from collections.abc import Mapping

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
PREFIX = "cap-"
RANDOM_CHARS = 43  # 62^43 > 2^256
CHECKSUM_CHARS = 6  # 62^6 > 2^32
LENGTH = len(PREFIX) + RANDOM_CHARS + CHECKSUM_CHARS
_CHECKED = LENGTH - CHECKSUM_CHARS
_LOOKALIKE = re.compile(rf"{PREFIX}[0-9A-Za-z]{{{LENGTH - len(PREFIX)}}}")
_VALUE = {char: value for value, char in enumerate(ALPHABET)}


def new_key() -> str:
    """A fresh key of 256 random bits; the only place where one is made."""
    head = PREFIX + "".join(secrets.choice(ALPHABET) for _ in range(RANDOM_CHARS))
    return head + checksum(head)


def checksum(head: str) -> str:
    """CRC-32 of everything before it as 6 zero-padded base62 characters (GitHub's token scheme)."""
    number = zlib.crc32(head.encode("ascii"))
    chars = ""
    for _ in range(CHECKSUM_CHARS):
        number, digit = divmod(number, len(ALPHABET))
        chars = ALPHABET[digit] + chars
    return chars


def checksum_ok(key: str) -> bool:
    """Whether the text has our length, prefix, alphabet and checksum; says nothing about existence."""
    if len(key) != LENGTH or not key.startswith(PREFIX) or not key.isascii():
        return False
    if not key[len(PREFIX) :].isalnum():
        return False
    number = 0
    for char in key[_CHECKED:]:
        number = number * 62 + _VALUE[char]
    return number == zlib.crc32(key[:_CHECKED].encode("ascii"))


def digest(key: str, pepper: bytes) -> bytes:
    """HMAC-SHA-256 (32 bytes) under which a key is stored; worthless without the pepper."""
    return hmac.digest(pepper, key.encode("ascii"), "sha256")


def newest_pepper(peppers: Mapping[int, bytes]) -> tuple[int, bytes]:
    """Version and bytes of the pepper that new keys are stored under."""
    version = max(peppers)
    return version, peppers[version]


def masked(text: str) -> str:
    """The text with all but the first 8 characters of each key-like word left out; for logs."""
    return _LOOKALIKE.sub(lambda match: match[0][:8] + "…", text)
