"""Opens an export of a project's content log.

    python -m cloudapi.decrypt KEYFILE… < export.ndjson > clear.ndjson

Needs the key files that the browser made and the package `cryptography`, nothing else of CloudAPI: neither
settings nor network. The format is docs/log-encryption.md's; this file is short so that it can be written
again in any language. Several key files where keys were changed. Ends with 1 where a record didn't open.
"""

import json
import sys
from base64 import b64decode, b64encode, urlsafe_b64decode
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_128_GCM)
HEAD, NONCE = 64, 12  # bytes: HPKE's enc (32) and sealed content key (16 + 16); the nonce after them

Keys = Mapping[str, X25519PrivateKey]


class Unopened(Exception):
    """A record that none of the keys opens, or that was changed."""


def open_record(record: Mapping[str, Any], keys: Keys) -> bytes:
    """The content of a record whose `sealed` is not null. Raises Unopened."""
    key = keys.get(record["key_id"])
    if key is None:
        raise Unopened(f"sealed to {record['key_id']}, whose key file is not here")
    sealed = b64decode(record["sealed"])
    head, nonce, rest = sealed[:HEAD], sealed[HEAD : HEAD + NONCE], sealed[HEAD + NONCE :]
    info = "{v}|{project}|{key_id}".format_map(record).encode()
    bound = "{v}|{project}|{request_id}|{time}|{key_id}".format_map(record).encode()
    try:
        content_key = SUITE.decrypt(head, key, info)
        return AESGCM(content_key).decrypt(nonce, rest, bound)
    except (InvalidTag, ValueError):
        raise Unopened("it was changed, or belongs to another call or key") from None


def shown(record: Mapping[str, Any], content: bytes) -> dict[str, Any]:
    """The content with its bodies as text, or as base64 where they are none."""
    line, _, rest = content.partition(b"\n")
    head = json.loads(line)
    request, response = head["request"], head["response"]
    kept = request["kept"]
    names = ("project", "request_id", "time", "key_id")
    return {
        **{name: record[name] for name in names},
        "status": head["status"],
        "request": request | _body(rest[:kept]),
        "response": response | _body(rest[kept : kept + response["kept"]]),
    }


def private_keys(files: Iterable[Path]) -> dict[str, X25519PrivateKey]:
    """The key files' private keys by `key_id`."""
    keys = {}
    for file in files:
        told = json.loads(file.read_text(encoding="utf-8"))
        raw = urlsafe_b64decode(told["private_key"] + "=" * (-len(told["private_key"]) % 4))
        keys[told["key_id"]] = X25519PrivateKey.from_private_bytes(raw)
    return keys


def opened(lines: Iterable[str], keys: Keys) -> Iterator[dict[str, Any]]:
    """What each line of an export says, in clear; of one that does not open, why."""
    for line in lines:
        record = json.loads(line)
        if record["sealed"] is None:
            yield {"request_id": record["request_id"], "lost": record["lost"]}
            continue
        try:
            yield shown(record, open_record(record, keys))
        except Unopened as error:
            yield {"request_id": record["request_id"], "error": str(error)}


def _body(data: bytes) -> dict[str, str]:
    try:
        return {"text": data.decode()}
    except UnicodeDecodeError:
        return {"base64": b64encode(data).decode()}


def main(arguments: list[str]) -> int:
    if not arguments:
        sys.stderr.write("usage: python -m cloudapi.decrypt KEYFILE... < export.ndjson\n")
        return 2
    failed = False
    for told in opened(sys.stdin, private_keys(map(Path, arguments))):
        failed = failed or "error" in told
        sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
