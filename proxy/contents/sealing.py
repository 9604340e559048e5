"""Sealing content to a project's public key (docs/log-encryption.md): HPKE for a key, AES for the content.

Encapsulating to a public key costs ten times as much as all else here, so the records of one project that
are written together share an envelope: HPKE seals a fresh content key, which seals each record under a nonce
of its own and bound to its own call. Opening is somebody else's: nothing here has a private key.
"""

from dataclasses import dataclass
from datetime import datetime
from math import floor
from os import urandom
from typing import Final

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

FORMAT: Final = "cloudapi-log-v1"
SUITE: Final = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_128_GCM)
KEY_BYTES: Final = 16
NONCE_BYTES: Final = 12


@dataclass(frozen=True, slots=True)
class SealKey:
    """A project's log key as far as sealing needs it. `project` and `name` as the format writes them."""

    id: int
    name: str
    project: str
    public_key: bytes


class Envelope:
    """One content key, sealed to the project's key; for records of that project that are written together."""

    def __init__(self, key: SealKey) -> None:
        """Raises ValueError for a key that nothing can be sealed to."""
        content_key = urandom(KEY_BYTES)
        info = f"{FORMAT}|{key.project}|{key.name}".encode()
        public_key = X25519PublicKey.from_public_bytes(key.public_key)
        self._head = SUITE.encrypt(content_key, public_key, info)
        self._box = AESGCM(content_key)
        self._key = key
        self._sealed = 0

    def seal(self, call: str, time_ms: int, content: bytes) -> bytes:
        """The content of one call, which opens as this call's only."""
        nonce = self._sealed.to_bytes(NONCE_BYTES, "big")
        self._sealed += 1
        return b"".join(
            (self._head, nonce, self._box.encrypt(nonce, content, bound(self._key, call, time_ms)))
        )


def bound(key: SealKey, call: str, time_ms: int) -> bytes:
    """What a record is tied to, as AES-GCM's additional data."""
    return f"{FORMAT}|{key.project}|{call}|{time_ms}|{key.name}".encode()


def unix_ms(at: datetime) -> int:
    """Unix time in whole milliseconds, exact: of a float only the seconds are."""
    return floor(at.timestamp()) * 1000 + at.microsecond // 1000
