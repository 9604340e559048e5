"""Who is calling: an API key's digest → its owner, from memory for 4 s, else from PostgreSQL.

A revocation is in force everywhere within 5 s by the cache's age alone; NOTIFY is only a hint that makes it
faster. A store that can't be reached is 503, never 401: clients give up for good on a 401.
"""

import asyncio
import ipaddress
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg

from accounts import credentials, keyformat
from accounts.addresses import parse_address
from accounts.errors import (
    AccountsError,
    AccountSuspended,
    ExpiredKey,
    InvalidKey,
    IpNotAllowed,
    MissingScope,
    RevokedKey,
)
from proxy.batch import Batch
from proxy.connection import Connection
from proxy.contents.sealing import SealKey
from proxy.denials import denial
from proxy.errors import unavailable

CACHE_S = 4.0
_CACHE_MAX = 50_000
_FIND_S = 2.5  # a caller hears a 503 within 3 s

# A Studio token is its key while its person may write in the key's organization; else it is unknown.
_LOOKUP = """
WITH found AS (
    SELECT k.digest, k.id, k.expires_at FROM accounts_apikey k WHERE k.digest = ANY(%s)
     UNION ALL
    SELECT t.digest, t.key_id, t.expires_at
      FROM accounts_studiotoken t
      JOIN accounts_apikey k ON k.id = t.key_id
      JOIN accounts_project p ON p.id = k.project_id
      JOIN accounts_membership m ON m.organization_id = p.organization_id AND m.user_id = k.created_by_id
      JOIN accounts_user u ON u.id = m.user_id
     WHERE t.digest = ANY(%s) AND u.is_active AND m.role IN ('owner', 'admin', 'developer')
)
SELECT f.digest, k.id, k.project_id, p.organization_id, k.rpm, o.key_rpm_max, o.rpm_max,
       k.allowed_ips, k.scopes, f.expires_at, k.revoked_at IS NOT NULL,
       o.suspended_at IS NOT NULL OR p.archived_at IS NOT NULL,
       o.is_personal AND o.verified_at IS NOT NULL, o.slug IS NOT NULL, p.allowed_models, p.rescue,
       l.id, l.public_id, p.public_id, l.public_key
  FROM found f
  JOIN accounts_apikey k ON k.id = f.id
  JOIN accounts_project p ON p.id = k.project_id
  JOIN accounts_organization o ON o.id = p.organization_id
  LEFT JOIN accounts_logkey l ON l.project_id = p.id AND l.retired_at IS NULL
                             AND p.content_logging = 'encrypted'
"""


@dataclass(frozen=True, slots=True)
class Caller:
    """The owner of a key, as far as a call needs it."""

    key: int
    project: int
    organization: int
    rpm: int | None
    key_rpm_max: int | None
    org_rpm_max: int | None
    networks: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]
    scopes: frozenset[str]
    expires_at: datetime | None
    revoked: bool
    suspended: bool
    free_units: bool
    builtin: bool
    allowed_models: frozenset[str] | None
    anonymous: bool = False
    rescue: bool = False  # a stream of its that breaks off may be continued by another endpoint
    seal: SealKey | None = None  # content of its calls is kept, sealed to this key

    @property
    def is_platform(self) -> bool:
        """Our own probes and an operator's test calls."""
        return self.builtin and not self.anonymous


class Keys:
    """Authenticates the credentials of a request."""

    def __init__(self, connection: Connection, peppers: Mapping[int, bytes]) -> None:
        self._connection = connection
        self._peppers = [pepper for _, pepper in sorted(peppers.items(), reverse=True)]
        self._cache: dict[bytes, tuple[float, Caller | None]] = {}
        self._flights: dict[bytes, asyncio.Future[Caller | None]] = {}
        self._lookups: Batch[str, Caller | None] = Batch(self._load)

    async def authenticate(self, authorization: list[str], x_api_key: list[str], ip: str) -> Caller:
        """The caller behind the credentials. Raises ApiError 400, 401, 403 or 503."""
        try:
            plain = credentials.pick(authorization, x_api_key)
            caller = await self._find(keyformat.digest(plain, self._peppers[0]), plain)
            if caller is None:
                raise InvalidKey
            _check(caller, ip)
        except AccountsError as error:
            raise denial(error) from None
        return caller

    async def _find(self, name: bytes, plain: str) -> Caller | None:
        """`name` is the key's digest: no plain key is kept in the cache."""
        cached = self._cache.get(name)
        if cached is not None and cached[0] > time.monotonic():
            return cached[1]
        flight = self._flights.get(name)
        if flight is None:
            flight = self._flights[name] = self._lookups.add(plain)
            flight.add_done_callback(lambda flight: self._landed(name, flight))
        try:
            async with asyncio.timeout(_FIND_S):
                caller = await asyncio.shield(flight)
        except (psycopg.Error, OSError, TimeoutError):
            raise unavailable("auth_unavailable", "Keys can't be checked at the moment.") from None
        if len(self._cache) >= _CACHE_MAX:
            self._cache.clear()
        self._cache[name] = (time.monotonic() + CACHE_S, caller)
        return caller

    def _landed(self, name: bytes, flight: asyncio.Future[Caller | None]) -> None:
        self._flights.pop(name, None)
        if not flight.cancelled():
            flight.exception()  # looked at: all who waited may have given up

    async def _load(self, plains: Sequence[str]) -> list[Caller | None]:
        digests = {keyformat.digest(plain, pepper): plain for plain in plains for pepper in self._peppers}
        wanted = (list(digests), list(digests))
        try:
            rows = await self._connection.fetch(_LOOKUP, wanted)
        except psycopg.OperationalError:
            # A connection that died while it was idle, as after a restart, shows only when it is used.
            rows = await self._connection.fetch(_LOOKUP, wanted)
        found = {digests[bytes(row[0])]: _caller(row[1:]) for row in rows}
        return [found.get(plain) for plain in plains]

    async def close(self) -> None:
        await self._connection.close()

    def forget(self) -> None:
        """Drops the cache: a key was revoked somewhere, or we may have missed hearing of it."""
        self._cache.clear()


def _caller(row: Sequence[Any]) -> Caller:
    row, log_key = row[:-4], row[-4:]
    key, project, organization, rpm, key_max, org_max, ips, scopes, expires, *flags, models, rescue = row
    revoked, suspended, free_units, builtin = flags
    return Caller(
        key=key,
        project=project,
        organization=organization,
        rpm=rpm,
        key_rpm_max=key_max,
        org_rpm_max=org_max,
        networks=tuple(ipaddress.ip_network(ip, strict=False) for ip in ips or ()),
        scopes=frozenset(scopes or ()),
        expires_at=expires,
        revoked=revoked,
        suspended=suspended,
        free_units=free_units,
        builtin=builtin,
        allowed_models=None if models is None else frozenset(models),
        rescue=rescue,
        seal=_seal(*log_key),
    )


def _seal(id_: int | None, public_id: UUID, project: UUID, public_key: bytes) -> SealKey | None:
    if id_ is None:
        return None
    return SealKey(id_, f"lk_{public_id.hex}", f"proj_{project.hex}", bytes(public_key))


def _check(caller: Caller, ip: str) -> None:
    """Raises an AccountsError when this caller may not call now."""
    if caller.revoked:
        raise RevokedKey
    if caller.expires_at is not None and caller.expires_at <= datetime.now(UTC):
        raise ExpiredKey
    if caller.suspended:
        raise AccountSuspended
    if "inference" not in caller.scopes:
        raise MissingScope("inference")
    if caller.networks and not _inside(ip, caller):
        raise IpNotAllowed


def _inside(ip: str, caller: Caller) -> bool:
    address = parse_address(ip)
    return address is not None and any(address in network for network in caller.networks)
