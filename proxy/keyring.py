"""Which of a provider's credentials a call goes out with, and what all workers know of them.

A call never waits for any of this. A provider with one credential costs nothing here. What a worker finds
out goes to Redis at once, and every worker reads it there every 2 s; the control plane writes it down for
good (proxy/custody.py), so that Redis may forget it. Names carry a credential's version (routing/snaps.py):
what was found out of an earlier one doesn't count any more.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any, Final

from proxy.script import Script
from routing.health import REFUSED_S, RETRY_AFTER_MAX_S
from routing.rotation import Rotation
from routing.snaps import CredentialSnap, EndpointSnap

log = logging.getLogger(__name__)

BEAT_S: Final = 2.0
_PAUSE_S: Final = 0.1  # between two beats, however urgent
_TIMEOUT_S: Final = 1.0
LIMITED_S: Final = 5.0  # a 429 that doesn't say for how long
_READ_S: Final = 300.0
_READERS_MAX: Final = 20_000

OFF_KEY: Final = "cr:off"
ON_KEY: Final = "cr:on"

# ARGV: hour, then four lists, each with its length before it: (name, reason) of refused ones, names of those
# that answer again, (name@endpoint, ms) of rests, (id, field, count).
# Answers the names of all refused ones, and (name@endpoint, ms left) of all rests.
BEAT: Final = """
local clock = redis.call('TIME')
local now = tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 1000)
local hour, at = ARGV[1], 2
local function take() at = at + 1; return ARGV[at - 1] end
for _ = 1, tonumber(take()) do
  local name, reason = take(), take()
  redis.call('HSETNX', 'cr:off', name, string.format('%d %s', now, reason))
  redis.call('HDEL', 'cr:on', name)
end
for _ = 1, tonumber(take()) do
  local name = take()
  redis.call('HDEL', 'cr:off', name)
  redis.call('HSET', 'cr:on', name, now)
end
for _ = 1, tonumber(take()) do
  local name, ms = take(), tonumber(take())
  redis.call('HSET', 'cr:rest', name, string.format('%d', now + ms))
end
for _ = 1, tonumber(take()) do
  local key, field, count = 'cr:' .. take() .. ':h' .. hour, take(), take()
  redis.call('HINCRBY', key, field, count)
  redis.call('EXPIRE', key, 90000)
end
local rests, all = {}, redis.call('HGETALL', 'cr:rest')
for i = 1, #all, 2 do
  local left = tonumber(all[i + 1]) - now
  if left > 0 then rests[#rests + 1] = {all[i], left} else redis.call('HDEL', 'cr:rest', all[i]) end
end
return {redis.call('HKEYS', 'cr:off'), rests}
"""


def hour_key(credential: int, hour: int) -> str:
    """Where the script above counts a credential's calls of one hour: n used, e refused, l limited."""
    return f"cr:{credential}:h{hour}"


class Keyring:
    """The credentials of all providers, as one worker uses them."""

    def __init__(self, redis_url: str) -> None:
        self._script = Script(redis_url, BEAT)
        self._rotation = Rotation()
        self._off: set[str] = set()  # refused, and not in the catalog as such yet
        self._on: set[str] = set()  # disabled in the catalog, but its provider has answered since
        self._rests: dict[str, float] = {}  # name@endpoint → until (monotonic)
        self._readers: dict[tuple[int, int], tuple[float, str]] = {}  # prefix, provider → until, name
        self._new_off: dict[str, str] = {}
        self._new_on: set[str] = set()
        self._new_rests: dict[str, float] = {}
        self._counts: Counter[tuple[int, str]] = Counter()
        self._urgent = asyncio.Event()

    # what calls ask

    def pick(
        self, endpoint: EndpointSnap, prefix: int = 0, tried: Collection[str] = ()
    ) -> CredentialSnap | None:
        """The credential for a call to this endpoint; None: its provider has none, or all have been tried.

        The one that has read this prompt's beginning, where that may be used; else whose turn it is. If none
        may be used the first try goes with whatever there is: the endpoint's own rest protects it.
        """
        every = endpoint.provider.credentials
        if len(every) < 2:
            return every[0] if every and not tried else None
        usable = [one for one in every if one.name not in tried and self._is_usable(one, endpoint.id)]
        if not usable:
            return None if tried else self._rotation.pick(every)
        until, reader = self._readers.get((prefix, endpoint.provider.id), (0.0, ""))
        if prefix and until > time.monotonic():
            for one in usable:
                if one.name == reader:
                    return one
        return self._rotation.pick(usable)

    def is_off(self, credential: CredentialSnap) -> bool:
        """Whether its provider has refused it, as far as anybody knows."""
        if credential.disabled:
            return credential.name not in self._on
        return credential.name in self._off

    def _is_usable(self, credential: CredentialSnap, endpoint: int) -> bool:
        if self.is_off(credential):
            return False
        return not self._rests or self._rests.get(_place(credential, endpoint), 0.0) <= time.monotonic()

    def wait_s(self, endpoint: EndpointSnap, otherwise_s: float) -> float:
        """Until the first of the limited ones may be used here again."""
        now = time.monotonic()
        waits = [
            self._rests.get(_place(one, endpoint.id), 0.0) - now for one in endpoint.provider.credentials
        ]
        return min((wait for wait in waits if wait > 0), default=otherwise_s)

    # what calls tell

    def answered(
        self, credential: CredentialSnap, endpoint: EndpointSnap, prefix: int, *, probe: bool
    ) -> None:
        """The provider took it. probe: although it was known as refused, so that this is news."""
        self._counts[credential.id, "n"] += 1
        if prefix and len(endpoint.provider.credentials) > 1:
            if len(self._readers) >= _READERS_MAX:
                self._readers.clear()
            self._readers[prefix, endpoint.provider.id] = time.monotonic() + _READ_S, credential.name
        if probe and self.is_off(credential):
            log.warning("credential %s of %s is taken again", credential.id, endpoint.provider.slug)
            self._off.discard(credential.name)
            self._new_off.pop(credential.name, None)
            self._on.add(credential.name)
            self._new_on.add(credential.name)
            self._urgent.set()

    def failed(self, credential: CredentialSnap) -> None:
        """It was used; what went wrong is not for it to answer."""
        self._counts[credential.id, "n"] += 1

    def refused(self, credential: CredentialSnap, endpoint: EndpointSnap, reason: str) -> None:
        """The provider wants no more of it: nobody uses it any more, in any worker."""
        self._count_bad(credential, "e")
        if self.is_off(credential):
            return
        log.error("credential %s of %s is refused: %s", credential.id, endpoint.provider.slug, reason)
        self._off.add(credential.name)
        self._on.discard(credential.name)
        self._new_on.discard(credential.name)
        self._new_off[credential.name] = reason
        self._urgent.set()

    def limited(self, credential: CredentialSnap, endpoint: EndpointSnap, retry_after_s: float) -> None:
        """It has to wait at this endpoint, as vendors count by model; others may go on."""
        self._count_bad(credential, "l")
        seconds = min(retry_after_s, RETRY_AFTER_MAX_S) if retry_after_s > 0 else LIMITED_S
        self._rest(credential, endpoint, seconds)

    def unfit(self, credential: CredentialSnap, endpoint: EndpointSnap) -> None:
        """It is good, but not for this endpoint."""
        self._count_bad(credential, "e")
        self._rest(credential, endpoint, REFUSED_S)

    def _rest(self, credential: CredentialSnap, endpoint: EndpointSnap, seconds: float) -> None:
        if len(endpoint.provider.credentials) < 2:
            return  # its endpoint rests in its place
        place = _place(credential, endpoint.id)
        self._rests[place] = time.monotonic() + seconds
        self._new_rests[place] = seconds

    def _count_bad(self, credential: CredentialSnap, what: str) -> None:
        self._counts[credential.id, "n"] += 1
        self._counts[credential.id, what] += 1

    # every 2 s, and at once where a credential was refused

    async def run(self) -> None:
        """One beat after the other, for as long as the worker lives."""
        while True:
            self._urgent.clear()
            try:
                await self.beat()
            except OSError as error:
                log.warning("keyring: %s", type(error).__name__)
            except Exception:
                log.exception("keyring failed")
            await asyncio.sleep(_PAUSE_S)
            try:
                async with asyncio.timeout(BEAT_S - _PAUSE_S):
                    await self._urgent.wait()
            except TimeoutError:
                pass

    async def beat(self) -> None:
        """Tells Redis what is new and hears what others have seen. Raises OSError while Redis is away."""
        off, self._new_off = self._new_off, {}
        on, self._new_on = self._new_on, set()
        rests, self._new_rests = self._new_rests, {}
        counts, self._counts = self._counts, Counter()
        try:
            told = await self._script.call(_arguments(off, on, rests, counts), _TIMEOUT_S)
        except OSError:
            self._new_off = off | self._new_off
            self._new_on = (on | self._new_on) - self._new_off.keys()
            self._new_rests = rests | self._new_rests
            self._counts.update(counts)
            raise
        self._hear(*told)

    def _hear(self, off: list[Any], rests: list[list[Any]]) -> None:
        """Redis knows all that we had told it; what came up since the question left is added."""
        now = time.monotonic()
        self._off = ({_text(name) for name in off} | self._new_off.keys()) - self._new_on
        self._rests = {_text(place): now + left_ms / 1000 for place, left_ms in rests}
        self._rests |= {place: now + seconds for place, seconds in self._new_rests.items()}

    def keep(self, names: Collection[str]) -> None:
        """Forgets what is known of credentials that the catalog doesn't hold any more."""
        self._rotation.keep(names)
        self._on &= set(names)

    def close(self) -> None:
        self._script.close()


def with_key(endpoint: EndpointSnap, credential: CredentialSnap | None) -> EndpointSnap:
    """The endpoint as it is asked with this credential; itself where there is nothing to choose."""
    provider = endpoint.provider.using(credential.id) if credential is not None else endpoint.provider
    return endpoint if provider is endpoint.provider else replace(endpoint, provider=provider)


def _place(credential: CredentialSnap, endpoint: int) -> str:
    return f"{credential.name}@{endpoint}"


def _arguments(
    off: Mapping[str, str],
    on: Collection[str],
    rests: Mapping[str, float],
    counts: Mapping[tuple[int, str], int],
) -> list[str | int]:
    arguments: list[str | int] = [int(time.time()) // 3600, len(off)]
    for name, reason in off.items():
        arguments += (name, reason)
    arguments += (len(on), *on, len(rests))
    for place, seconds in rests.items():
        arguments += (place, int(seconds * 1000))
    arguments.append(len(counts))
    for (credential, field), count in counts.items():
        arguments += (credential, field, count)
    return arguments


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
