"""Words that must be found nowhere, and where they are looked for."""

import base64
import re
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import redis

from tests.embedded import servers
from tests.stack import Stack

AROUND = 40


class Flock:
    """Words of one mark, each with the name of where it was said: a leak tells what it is a leak of."""

    def __init__(self, mark: str) -> None:
        self.mark = mark
        self.names: list[str] = []

    def __call__(self, name: str) -> str:
        self.names.append(name)
        return f"{self.mark}{name}"

    @property
    def needles(self) -> list[bytes]:
        """The mark as text, in hex, in UTF-16, backwards, and in base64 wherever it begins."""
        word = self.mark.encode()
        coded = [base64.b64encode(b"x" * shift + word)[4 if shift else 0 : -4] for shift in range(3)]
        return [word, word.hex().encode(), word.hex().upper().encode(), self.mark.encode("utf-16-le"), *coded]

    def found_in(self, data: bytes) -> list[bytes]:
        """What surrounds each needle in the data."""
        pattern = re.compile(b"|".join(map(re.escape, self.needles)))
        return [data[max(0, hit.start() - AROUND) : hit.end() + AROUND] for hit in pattern.finditer(data)]


def dump(stack: Stack) -> bytes:
    """All of the stack's database as text."""
    program = servers().place.postgres / "pg_dump"
    return subprocess.run([program, stack.env["DATABASE_URL"]], capture_output=True, check=True).stdout


def valkey(stack: Stack) -> bytes:
    """All keys of the stack's Valkey with all they hold."""
    with redis.Redis.from_url(stack.env["REDIS_URL"]) as store:
        return b"\n".join(
            part for key in store.scan_iter(count=1000) for part in (key, *flat(value(store, key)))
        )


def files(*folders: Path) -> Iterator[tuple[Path, bytes]]:
    """All files below, but those of the test upstream: it may say what it was told."""
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and "upstream" not in path.name:
                yield path, path.read_bytes()


def value(store: Any, key: bytes) -> Any:
    """What a key holds, whatever its kind."""
    kind = store.type(key).decode()
    read = {
        "string": store.get,
        "hash": store.hgetall,
        "list": lambda name: store.lrange(name, 0, -1),
        "set": store.smembers,
        "zset": lambda name: store.zrange(name, 0, -1),
        "stream": store.xrange,
        "none": lambda name: b"",
    }
    return read[kind](key)


def flat(value: Any) -> Iterator[bytes]:
    if isinstance(value, dict):
        yield from flat([*value, *value.values()])
    elif isinstance(value, Iterable) and not isinstance(value, bytes | str):
        for one in value:
            yield from flat(one)
    elif value is not None:
        yield value if isinstance(value, bytes) else str(value).encode()
