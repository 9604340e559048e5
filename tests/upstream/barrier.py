"""Answers that wait for a test's word."""

import asyncio
from collections import Counter, defaultdict


class Barriers:
    """Named gates: answers wait at one until a test opens it; an opened gate stays open."""

    def __init__(self) -> None:
        self._gates: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self._waiting: Counter[str] = Counter()

    async def wait(self, name: str) -> None:
        """Wait at the gate `name` until it is released."""
        self._waiting[name] += 1
        try:
            await self._gates[name].wait()
        finally:
            self._waiting[name] -= 1

    def release(self, name: str) -> int:
        """Open a gate; returns how many answers were waiting."""
        self._gates[name].set()
        return self._waiting[name]

    def waiting(self, name: str) -> int:
        """How many answers wait at a gate now."""
        return self._waiting[name]
