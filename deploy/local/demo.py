"""One Django process that makes a fresh database ready to be looked at: schema, catalog, demo account.

All of it is idempotent: a second start keeps data, passwords and key (var/demo.json remembers them).
"""

import json
import os
import secrets
from datetime import date
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cloudapi.settings")
django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.utils import timezone  # noqa: E402

from accounts.errors import AccountsError  # noqa: E402
from accounts.keys import create_key, find_key  # noqa: E402
from accounts.models import Organization, User  # noqa: E402
from accounts.signup import open_account  # noqa: E402
from billing.builtin import fund  # noqa: E402
from billing.errors import MissingRate  # noqa: E402
from billing.ledger import credit_promo  # noqa: E402
from billing.models import ReceivingCard  # noqa: E402
from billing.partitions import ensure_partitions  # noqa: E402
from billing.rates import add_rate, current_rates  # noqa: E402
from deploy.local.files import DEMO_FILE, write_private  # noqa: E402
from routing.energy.backfill import week_before  # noqa: E402
from routing.energy.history import replay  # noqa: E402

EMAIL, ADMIN_EMAIL = "demo@example.com", "admin@example.com"
PROMO_UZS = 100_000
CARD_NUMBER = "8600000000000007"
# The Central Bank's rate of a day, until a feed or an operator sets a newer one.
RATE_MICROS_PER_USD, RATE_DATE = 11_794_880_000, date(2026, 8, 20)


def main() -> None:
    """Migrate, load the catalog, make the accounts, write var/demo.json."""
    call_command("migrate", verbosity=1, interactive=False)
    call_command("catalog", "load", settings.MODEL_CATALOG)
    ensure_partitions()
    _week()
    _rate()
    _card()
    fund(anonymous_uzs=settings.ANONYMOUS_DAILY_UZS, probes_uzs=settings.PROBE_DAILY_UZS)
    known: dict[str, str] = json.loads(DEMO_FILE.read_text()) if DEMO_FILE.exists() else {}
    password, user = _account(EMAIL, known.get("password"), name="Demo")
    admin_password, _ = _account(
        ADMIN_EMAIL, known.get("admin_password"), name="Operator", is_staff=True, is_superuser=True
    )
    organization = user.owned_organizations.get(is_personal=True)
    once = str(organization.public_id)
    credit_promo(organization.pk, PROMO_UZS * 10**6, reason="demo", source="demo", external_id=once)
    write_private(
        DEMO_FILE,
        {
            "base_url": f"{settings.API_BASE_URL}/v1",
            "anthropic_base_url": settings.API_BASE_URL,
            "api_key": _key(known.get("api_key"), organization, user),
            "email": EMAIL,
            "password": password,
            "admin_email": ADMIN_EMAIL,
            "admin_password": admin_password,
        },
    )


def _week() -> None:
    """Seven days of electricity that we made, for the charts; a later start adds what has passed since."""
    now = timezone.now()
    week_before(now)
    replay(now=now)


def _card() -> None:
    """A card to transfer to, of nobody: demos move no money."""
    if ReceivingCard.objects.exists():
        return
    card = ReceivingCard(holder="CLOUDAPI DEMO", bank="Demo bank")
    card.number = CARD_NUMBER
    card.save()


def _rate() -> None:
    try:
        current_rates()
    except MissingRate:
        add_rate(
            "seed", RATE_DATE, RATE_MICROS_PER_USD, author="demo", reason="the Central Bank's of that day"
        )


def _account(email: str, password: str | None, **fields: Any) -> tuple[str, User]:
    """The account, and the password that var/demo.json tells; made anew where either is missing."""
    user = User.objects.filter(email=email).first()
    if user and password:
        return password, user
    password = secrets.token_urlsafe(9)
    if user is None:
        return password, open_account(email=email, password=password, verified=True, **fields)
    user.set_password(password)
    user.save(update_fields=["password"])
    return password, user


def _key(plain: str | None, organization: Organization, user: User) -> str:
    """The demo key that we know already, if it still works, else a new one."""
    if plain:
        try:
            find_key(plain)
        except AccountsError:
            pass  # revoked, or the data is new: a new one below
        else:
            return plain
    project = organization.projects.get(is_default=True)
    key, plain = create_key(project=project, name="Demo", created_by=user, scopes=["inference", "manage"])
    return plain


if __name__ == "__main__":
    main()
