"""Two people for `make screenshots`: one who has just come, and one whose every page is full.

    python -m deploy.local.residents     makes them on a running demo, prints who they are as JSON

What they have is made by the code that makes it for customers; only the calls are written as the gateway
would write them, as no model needs to answer for a picture.
"""

import json
import os
import secrets
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import django
import orjson

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cloudapi.settings")
django.setup()

from django.conf import settings  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from django.utils import timezone  # noqa: E402
from django.utils.timezone import localdate  # noqa: E402

from accounts.access import Caller  # noqa: E402
from accounts.invitations import invite  # noqa: E402
from accounts.keys import create_key, revoke_key  # noqa: E402
from accounts.models import ApiKey, Invitation, Membership, Organization, Project, Role, User  # noqa: E402
from accounts.signup import open_account  # noqa: E402
from billing.adjustments import BankDetails, ask_payout  # noqa: E402
from billing.bank.arrivals import Arrival  # noqa: E402
from billing.bank.requests import open_request  # noqa: E402
from billing.caps import Scope, set_cap  # noqa: E402
from billing.holds import Settle  # noqa: E402
from billing.topups import approve_arrival  # noqa: E402
from routing.models import Model  # noqa: E402

SOM: Final = 10**6  # micros
CALLS: Final = 120  # two pages and more
NEWCOMER, BUSY = "newcomer@example.com", "busy@example.com"
_PARTS: Final = {"input": 29_487_200_000, "output": 117_948_800_000}
_ENDS: Final = (
    *[("ok", 200, "", "stop")] * 8,
    ("error", 502, "upstream_error", ""),
    ("cancelled", 499, "", ""),
)


def main() -> None:
    """Both people with new passwords; what the busy one has is made once."""
    if not settings.DEMO:
        raise SystemExit("These people belong to a demo.")
    newcomer, busy = _person(NEWCOMER), _person(BUSY)
    organization = busy[0].owned_organizations.get(is_personal=True)
    if not organization.projects.filter(name="Production").exists():
        _furnish(busy[0], organization)
    found = {"newcomer": newcomer, "busy": busy}
    print(json.dumps({name: [user.email, word] for name, (user, word) in found.items()}))


def _person(email: str) -> tuple[User, str]:
    word = secrets.token_urlsafe(9)
    user = User.objects.filter(email=email).first()
    if user is None:
        return open_account(email=email, password=word, verified=True), word
    user.set_password(word)
    user.save(update_fields=["password"])
    return user, word


@transaction.atomic
def _furnish(user: User, organization: Organization) -> None:
    keys = _keys(user, organization)
    _money(user, organization)
    _calls(organization, keys)
    for role in (Role.ADMIN, Role.DEVELOPER, Role.VIEWER):
        member = open_account(
            email=f"{role.value}.beside.busy@example.com", password=secrets.token_urlsafe(9)
        )
        Membership.objects.create(organization=organization, user=member, role=role)
    owner = Caller(organization=organization, user=user, role=Role.OWNER)
    for name, role in (
        ("aziza", Role.DEVELOPER),
        ("bekzod", Role.VIEWER),
        ("someone.who.let.it.lapse", Role.ADMIN),
    ):
        asked, _token = invite(owner, f"{name}@example.com", role)
    Invitation.objects.filter(pk=asked.pk).update(expires_at=timezone.now() - timedelta(days=1))


def _keys(user: User, organization: Organization) -> list[ApiKey]:
    """Usable, ended and revoked ones, in projects with and without a cap, of which one is used up."""
    default = organization.projects.get(is_default=True)
    production = Project.objects.create(organization=organization, name="Production")
    research = Project.objects.create(organization=organization, name="Research and a rather long name")
    set_cap(Scope.PROJECT_DAY, production.pk, 500_000 * SOM)
    set_cap(Scope.PROJECT_MONTH, production.pk, 10_000_000 * SOM)
    set_cap(Scope.PROJECT_DAY, research.pk, 0)
    keys = [
        create_key(project=project, name=name, created_by=user)[0]
        for project, name in ((default, "Laptop"), (production, "Backend"), (production, "Nightly batch"))
    ]
    revoke_key(create_key(project=research, name="Old notebook", created_by=user)[0])
    ended = create_key(project=research, name="Workshop", created_by=user, rpm=30)[0]
    ApiKey.objects.filter(pk=ended.pk).update(expires_at=timezone.now() - timedelta(days=3))
    return keys


def _money(user: User, organization: Organization) -> None:
    """A top-up that has come, one that waits, and a payout that somebody must decide."""
    operator = User.objects.filter(is_staff=True).order_by("pk").first()
    paid = open_request(organization, user, 100_000 * SOM)
    assert operator is not None
    approve_arrival(paid.pk, operator, Arrival(paid.card, paid.amount_micros, timezone.now()))
    open_request(organization, user, 50_000 * SOM)
    bank = BankDetails("BUSY PERSON", "20208000900123456789", "00014")
    ask_payout(organization, user, 10_000 * SOM, bank, "less is needed than thought")


def _calls(organization: Organization, keys: list[ApiKey]) -> None:
    with connection.cursor() as cursor:
        rows = list(_rows(organization, keys))
        for row in rows:
            columns = ", ".join(row)
            cursor.execute(
                f"INSERT INTO proxy_request ({columns}) SELECT {columns}"
                " FROM json_populate_record(NULL::proxy_request, %s)",
                [json.dumps(row, default=str)],
            )
        cursor.execute("SELECT advance_usage()")
        ends = [_end(row) for row in rows if row["cost_micros"]]
        cursor.execute("SELECT settle_batch(%s::json)", [orjson.dumps(ends).decode()])


def _end(row: dict[str, Any]) -> Settle:
    """What a call cost, so that wallet, caps and calls tell one story; its hold is long gone."""
    day = localdate(datetime.fromisoformat(row["at"]))
    ids = {name: row[f"{name}_id"] for name in ("org", "project", "key")}
    return Settle(id=UUID(row["id"]), **ids, op="capture", cost=row["cost_micros"], day=day)


def _rows(organization: Organization, keys: list[ApiKey]) -> Iterator[dict[str, Any]]:
    """Calls of the last two days of this month, every ending among them."""
    now = timezone.now()
    models = list(Model.objects.filter(modality="chat").order_by("slug")[:4])
    for n in range(CALLS):
        at = now - timedelta(minutes=n * n / 6)
        status, code, error, finish = _ENDS[n % len(_ENDS)]
        key, model = keys[n % len(keys)], models[n * n % len(models)]
        tokens = (400 + 37 * n, 90 + 11 * n if status == "ok" else 0)
        cost = sum(-(-count * price // 10**6) for count, price in zip(tokens, _PARTS.values(), strict=True))
        yield {
            "id": str(_id(at)),
            **{"at": at.isoformat(), "org_id": organization.pk, "project_id": key.project_id},
            **{"key_id": key.pk, "model": model.slug, "asked": model.name, "endpoint_id": None},
            **{"provider": "demo", "kind": "chat", "stream": n % 2 == 0, "sandbox": False, "free": False},
            **{"status": status, "http_status": code, "error_code": error, "finish_reason": finish},
            "attempts": [
                {"endpoint": None, "provider": "demo", "status": code, "error": None, "ms": 600 + 53 * n}
            ],
            **{"route": [], "input_tokens": tokens[0], "cached_tokens": 0, "cache_write_tokens": 0},
            **{"output_tokens": tokens[1], "reasoning_tokens": 0, "estimated": status == "cancelled"},
            **{"price_micros": cost, "cost_micros": cost if status == "ok" else 0, "hold_micros": 2 * cost},
            **{"provider_cost_nano": 2_500_000, "cost_version": 1, "fx_rate": 1, "markup": 1},
            **{"micros_per_usd": 11_794_880_000, "fx_date": now.date().isoformat(), "markup_bps": 2500},
            "prices": {name: {"base": price * 4 // 5, "final": price} for name, price in _PARTS.items()},
            **{"latency_ms": 600 + 53 * n, "ttft_ms": 180 + 7 * n if tokens[1] and n % 2 == 0 else None},
        }


def _id(at: datetime) -> UUID:
    """A UUIDv7 of that moment, its last byte 0."""
    noise = secrets.randbits(76) & ~(3 << 62 | 255)
    return UUID(int=int(at.timestamp() * 1000) << 80 | 7 << 76 | 2 << 62 | noise)


if __name__ == "__main__":
    main()
