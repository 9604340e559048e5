"""RFC 9180 base mode for X25519, HKDF-SHA256 and AES-128-GCM, from the RFC alone: a second opinion."""

import hashlib
import hmac

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEM_SUITE = b"KEM" + (0x0020).to_bytes(2)
SUITE = b"HPKE" + (0x0020).to_bytes(2) + (0x0001).to_bytes(2) + (0x0001).to_bytes(2)


def decrypt(enc: bytes, sealed: bytes, private: X25519PrivateKey, info: bytes, aad: bytes) -> bytes:
    """The first message of a context."""
    key, nonce = _schedule(_shared(enc, private), info)
    return AESGCM(key).decrypt(nonce, sealed, aad)


def _shared(enc: bytes, private: X25519PrivateKey) -> bytes:
    both = private.exchange(X25519PublicKey.from_public_bytes(enc))
    prk = _extract(b"", KEM_SUITE, b"eae_prk", both)
    context = enc + private.public_key().public_bytes_raw()
    return _expand(prk, KEM_SUITE, b"shared_secret", context, 32)


def _schedule(shared: bytes, info: bytes) -> tuple[bytes, bytes]:
    context = b"\0" + _extract(b"", SUITE, b"psk_id_hash", b"") + _extract(b"", SUITE, b"info_hash", info)
    secret = _extract(shared, SUITE, b"secret", b"")
    return _expand(secret, SUITE, b"key", context, 16), _expand(secret, SUITE, b"base_nonce", context, 12)


def _extract(salt: bytes, suite: bytes, label: bytes, secret: bytes) -> bytes:
    return hmac.digest(salt or bytes(32), b"HPKE-v1" + suite + label + secret, hashlib.sha256)


def _expand(prk: bytes, suite: bytes, label: bytes, info: bytes, length: int) -> bytes:
    labelled = length.to_bytes(2) + b"HPKE-v1" + suite + label + info
    return hmac.digest(prk, labelled + b"\x01", hashlib.sha256)[:length]
