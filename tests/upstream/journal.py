"""The upstream's books: what it was asked and what it produced, one JSON line per event, and in memory."""

import json
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import IO, Any


class Journal:
    """Entries by run; a line is written when a request came in and again when its answer is over."""

    def __init__(self, path: Path | None) -> None:
        self._file: IO[str] | None = path.open("a", encoding="utf-8") if path else None
        self._entries: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self._attempts: Counter[tuple[str, str]] = Counter()

    def asked(self, entry: dict[str, Any]) -> None:
        """Open an entry; the same dict is completed by `answered`."""
        entry["asked_at"] = time.time()
        self._entries[entry["run"]].append(entry)
        self._write({"event": "asked", **entry})

    def answered(self, entry: dict[str, Any], **figures: Any) -> None:
        """Complete an entry: status, tokens and bytes produced, whether the client left early."""
        entry.update(figures, answered_at=time.time())
        self._write({"event": "answered", **entry})

    def attempt(self, run: str, provider: str) -> int:
        """The number of this request among those of its run at this provider, from 1."""
        self._attempts[run, provider] += 1
        return self._attempts[run, provider]

    def entries(self, run: str) -> list[dict[str, Any]]:
        """All entries of a run in the order of arrival; without a run those of every run."""
        if run:
            return list(self._entries.get(run, ()))
        return [entry for entries in self._entries.values() for entry in entries]

    def forget(self, run: str) -> None:
        """Drop a run's entries and counters from memory; the file keeps them."""
        self._entries.pop(run, None)
        for key in [key for key in self._attempts if key[0] == run]:
            del self._attempts[key]

    def _write(self, line: dict[str, Any]) -> None:
        if self._file:
            self._file.write(json.dumps(line, ensure_ascii=False) + "\n")
            self._file.flush()
