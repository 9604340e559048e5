"""Callers without any credential: on CloudGPT's own addresses they may use free models, some calls a minute.

They are the built-in organization `anonymous`. What they use is paid from its wallet, which the platform
fills from its promo account up to a daily cap (billing/builtin.py); without a cap nobody is let in.
"""

from ipaddress import IPv6Address, IPv6Network
from typing import Final

from accounts.addresses import parse_address
from accounts.errors import AccountSuspended, MissingKey
from proxy.connection import Connection
from proxy.denials import denial
from proxy.errors import ApiError
from proxy.keys import Caller

# Nobody unknown makes us take in and parse 32 MB.
BODY_MAX: Final = 4 * 1024 * 1024
# An address of IPv6 costs nothing: whoever has one has its whole /64.
_IPV6_BITS: Final = 64
_QUERY: Final = """
SELECT p.id, o.id, o.rpm_max, o.suspended_at IS NOT NULL OR p.archived_at IS NOT NULL, p.allowed_models
  FROM accounts_organization o JOIN accounts_project p ON p.organization_id = o.id AND p.is_default
 WHERE o.slug = 'anonymous'
"""


class Anonymous:
    """Who pays for callers without a credential; read anew every few seconds."""

    def __init__(self, *, let_in: bool) -> None:
        self._let_in = let_in
        self._caller: Caller | None = None

    def caller(self) -> Caller:
        """Raises ApiError 401 where a key is needed, 403 while an operator has shut this door."""
        if self._caller is None:
            raise denial(MissingKey())
        if self._caller.suspended:
            raise denial(AccountSuspended())
        return self._caller

    async def load(self, connection: Connection) -> None:
        """Raises psycopg.Error, OSError or TimeoutError."""
        if self._let_in:
            [(project, organization, rpm, suspended, models)] = await connection.fetch(_QUERY)
            self._caller = _caller(project, organization, rpm, suspended, models)


def _caller(
    project: int, organization: int, rpm: int | None, suspended: bool, models: list[str] | None
) -> Caller:
    return Caller(
        key=0,  # no key of ours: primary keys begin at 1
        project=project,
        organization=organization,
        rpm=None,
        key_rpm_max=None,
        org_rpm_max=rpm,
        networks=(),
        scopes=frozenset({"inference"}),
        expires_at=None,
        revoked=False,
        suspended=suspended,
        free_units=False,
        builtin=True,
        allowed_models=None if models is None else frozenset(models),
        anonymous=True,
    )


def network(ip: str) -> str:
    """Who shares a rate window: an address of IPv4, a /64 of IPv6; all that have no address share one."""
    address = parse_address(ip)
    if isinstance(address, IPv6Address):
        return str(IPv6Network((int(address), _IPV6_BITS), strict=False))
    return str(address or "unknown")


def sign_in(model: str) -> ApiError:
    """401: only free models are for everybody."""
    return ApiError(
        401, "sign_in_required", f"'{model}' isn't free: sign in and send an API key.", param="model"
    )


def spent(refusal: ApiError) -> ApiError:
    """429 in place of the ledger's 402, which speaks of a wallet that the caller doesn't have."""
    return ApiError(
        429,
        "free_quota_exceeded",
        "What is given to everybody is used up for today; sign in and send an API key to go on.",
        details={"resets_at": refusal.details.get("resets_at")},
    )
