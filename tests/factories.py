"""Callers for tests: each test makes its own organization, so nothing is ever flushed.

What they make is committed in live tests and part of the test's transaction in all others.
"""

import json
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from django.db import connection
from django.utils import timezone

from accounts.keys import create_key
from accounts.models import ApiKey, Membership, Organization, Project, Role, User
from billing.ids import new_op_id

MICROS = 1_000_000  # of one so'm
CAPS = {"project_day": 1, "project_month": 2, "key_lifetime": 3, "key_day": 4, "key_month": 5}
NO_LIMIT_RPM = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Somebody with a key, and what the books say about them."""

    user: User
    organization: Organization
    project: Project
    api_key: ApiKey
    key: str  # plain

    @property
    def headers(self) -> dict[str, str]:
        """What this caller sends to be known."""
        return {"authorization": f"Bearer {self.key}"}

    def wallet(self) -> dict[str, int]:
        """paid, bonus and held in micros; zeros without a row."""
        columns = ("paid_micros", "bonus_micros", "held_micros")
        query = f"SELECT {', '.join(columns)} FROM wallet WHERE org_id = %s"
        found = rows(query, self.organization.pk)
        return found[0] if found else dict.fromkeys(columns, 0)

    def balance(self) -> int:
        """All money of the wallet in micros, held or not."""
        wallet = self.wallet()
        return wallet["paid_micros"] + wallet["bonus_micros"]

    def requests(self) -> list[dict[str, Any]]:
        """The request log's rows, oldest first."""
        found = rows("SELECT * FROM proxy_request WHERE org_id = %s ORDER BY id", self.organization.pk)
        # Django leaves jsonb as text for its own field to decode.
        return [
            row | {name: json.loads(row[name]) for name in ("attempts", "prices", "route")} for row in found
        ]

    def holds(self, state: int | None = None) -> list[dict[str, Any]]:
        """Holds: 0 open, 1 captured, 2 released, 3 late captured."""
        found = rows("SELECT * FROM hold WHERE org = %s ORDER BY id", self.organization.pk)
        return [hold for hold in found if state is None or hold["state"] == state]

    def charged(self) -> int:
        """Sum of what calls took from the wallet, in micros."""
        query = """SELECT coalesce(sum(amount_micros), 0)::bigint AS micros FROM transfer
                   WHERE kind IN (3, 4) AND debit IN (paid_account(%s), bonus_account(%s))"""
        return int(rows(query, self.organization.pk, self.organization.pk)[0]["micros"])


def make_caller(
    *,
    balance_uzs: int = 0,
    bonus_uzs: int = 0,
    free: bool = False,
    rpm: int | None = None,
    allowed_models: list[str] | None = None,
    caps: dict[str, int] | None = None,
    scopes: tuple[str, ...] = ("inference",),
    **key_limits: Any,
) -> Caller:
    """A user with organization, project, wallet and key. Money in whole so'm, caps in micros by name of CAPS.

    free: the organization may use free units (a verified person's own). Without `rpm` no rate limit is met.
    """
    name = uuid4().hex[:12]
    user = User.objects.create(email=f"{name}@test.invalid", password="!")
    organization = Organization.objects.create(
        name=name,
        owner=user,
        is_personal=True,
        verified_at=timezone.now() if free else None,
        rpm_max=NO_LIMIT_RPM,
        key_rpm_max=NO_LIMIT_RPM,
    )
    Membership.objects.create(organization=organization, user=user, role=Role.OWNER)
    project = Project.objects.create(
        organization=organization, name="Default", is_default=True, allowed_models=allowed_models
    )
    limits = {"rpm": rpm or NO_LIMIT_RPM, "scopes": scopes} | key_limits
    api_key, plain = create_key(project=project, name="test", created_by=user, **limits)
    caller = Caller(user=user, organization=organization, project=project, api_key=api_key, key=plain)
    credit(caller, paid_micros=balance_uzs * MICROS, bonus_micros=bonus_uzs * MICROS)
    for scope, limit in (caps or {}).items():
        set_cap(caller, scope, limit)
    return caller


def credit(caller: Caller, *, paid_micros: int = 0, bonus_micros: int = 0) -> None:
    """Money for a wallet, in micros: paid without a top-up, bonus as promo."""
    for kind, account, micros in ((1, "clearing:test", paid_micros), (2, "promo", bonus_micros)):
        if micros:
            given = (caller.organization.pk, new_op_id(), kind, account, micros)
            rows("SELECT wallet_credit(%s, %s, %s, %s, %s, NULL)", *given)


def set_cap(caller: Caller, scope: str, limit_micros: int) -> None:
    """A spending cap of the caller's project or key."""
    owner = caller.project.pk if scope.startswith("project") else caller.api_key.pk
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO cap (scope, scope_id, limit_micros) VALUES (%s, %s, %s)
               ON CONFLICT (scope_id, scope) DO UPDATE SET limit_micros = excluded.limit_micros""",
            [CAPS[scope], owner, limit_micros],
        )


def rows(query: str, *parameters: Any) -> list[dict[str, Any]]:
    """The rows of a query as dicts, on Django's connection."""
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        names = [column.name for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
