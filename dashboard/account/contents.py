"""What a person's archive holds: one function a file, each from the person or their own organization down.

Amounts are so'm as text, exact; times are ISO 8601 in UTC. No digest, seal or secret is in any of them: what
is here may be shown to its owner only, what isn't may be shown to nobody.
"""

import base64
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final
from uuid import UUID

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator

from accounts.models import ApiKey, BillingDetails, Membership, Organization, Project, TelegramChat, User
from billing.ids import Kind
from billing.models import (
    Adjustment,
    Notice,
    NoticeChoice,
    PromoRedemption,
    ProviderTransaction,
    Receipt,
    TopUp,
)
from billing.money import exact_uzs
from dashboard import wallet
from dashboard.models import Dismissal, Paper, PriceAlert, SavedView
from proxy.contents import records
from proxy.models import Request

type Row = Mapping[str, Any]
type Rows = Iterator[Row]

_PAGE: Final = 2000  # rows read at once; nothing is held open between two pages
_ALL_ONES: Final = UUID(int=2**128 - 1)
_CALL: Final = (
    *("id", "at", "project_id", "key_id", "model", "asked", "provider", "kind", "stream", "free", "status"),
    *("http_status", "error_code", "finish_reason", "estimated"),
    *("input_tokens", "cached_tokens", "cache_write_tokens", "output_tokens", "reasoning_tokens"),
    *("images", "seconds", "characters", "latency_ms", "ttft_ms", "fx_date", "markup_bps"),
)


def person(user: User) -> Row:
    """The account itself."""
    chat = TelegramChat.objects.filter(user=user).first()
    factors = Authenticator.objects.filter(user=user).values("type", "created_at", "last_used_at")
    return {
        "email": user.email,
        "name": user.name,
        "language": user.language,
        "time_format": user.clock,
        "joined": user.date_joined,
        "last_login": user.last_login,
        "addresses": list(EmailAddress.objects.filter(user=user).values("email", "verified", "primary")),
        "two_factor": list(factors),
        "signed_in": list(user.sign_ins.values("agent", "began_at", "seen_at")),
        "telegram": chat and {"chat": chat.chat_id, "linked": chat.linked_at},
        "notifications": list(NoticeChoice.objects.filter(user=user).values("kind", "channel", "wanted")),
        "saved_views": list(SavedView.objects.filter(user=user).values("name", "query", "created_at")),
        "dismissals": list(Dismissal.objects.filter(user=user).values("what", "created_at")),
        "price_alerts": [_alert(one) for one in PriceAlert.objects.filter(user=user).select_related("model")],
        "organizations": [_member(one) for one in _memberships(user)],
    }


def organization(org: Organization) -> Row:
    """Who pays: names, limits, balance, billing details."""
    purse = wallet.balance(org)
    fields = ("is_legal_entity", "name", "stir", "pinfl", "address", "bank", "account", "mfo", "vat_code")
    details = BillingDetails.objects.filter(organization=org).values(*fields, "contact").first()
    return {
        "id": org.api_id,
        "name": org.name,
        "created": org.created_at,
        "verified": org.verified_at,
        "suspended": org.suspended_at,
        "paid_uzs": exact_uzs(purse.paid_micros),
        "bonus_uzs": exact_uzs(purse.bonus_micros),
        "held_uzs": exact_uzs(purse.held_micros),
        "billing_details": details,
    }


def projects(org: Organization) -> list[Row]:
    """Projects with the public keys of their content logs."""
    return [_project(one) for one in org.projects.prefetch_related("log_keys").order_by("pk")]


def keys(org: Organization) -> list[Row]:
    """API keys as their list shows them; the keys themselves exist nowhere."""
    found = ApiKey.objects.filter(project__organization=org, studio=False)
    return [_key(key) for key in found.select_related("project").order_by("pk")]


def topups(org: Organization) -> Rows:
    for one in TopUp.objects.filter(org=org).order_by("pk").iterator():
        yield {
            "number": one.pk,
            "filed": one.created_at,
            "method": one.provider,
            "amount_uzs": exact_uzs(one.amount_micros),
            "credited_uzs": exact_uzs(one.credited_micros),
            "state": one.state,
            "reference": one.reference,
            "reason": one.reason,
            "decided": one.decided_at,
        }


def payments(org: Organization) -> Rows:
    """Attempts to pay at a provider."""
    found = ProviderTransaction.objects.filter(topup__org=org).order_by("pk")
    for one in found.iterator():
        yield {
            "topup": one.topup_id,
            "provider": one.provider,
            "number": one.external_id,
            "amount_tiyin": one.amount_tiyin,
            "state": one.get_state_display(),
        }


def refunds(org: Organization) -> Rows:
    for one in Adjustment.objects.filter(org=org).order_by("pk").iterator():
        yield {
            "number": one.pk,
            "filed": one.created_at,
            "kind": one.kind,
            "amount_uzs": exact_uzs(one.amount_micros),
            "state": one.state,
            "call": one.call,
            "reason": one.reason if one.kind == Adjustment.Kind.PAYOUT else one.told,
            "account": one.bank_hint,
            "decided": one.decided_at,
        }


def promos(org: Organization) -> Rows:
    for one in PromoRedemption.objects.filter(org=org).select_related("code").order_by("pk"):
        yield {"at": one.at, "code": one.code.code, "amount_uzs": exact_uzs(one.amount_micros)}


def transfers(org: Organization, kind: str = "") -> Rows:
    """Each movement of the wallet, of a kind as in dashboard/wallet.py; negative went out."""
    own = wallet.accounts_of(org)
    for one in _by_id(wallet.transfers(org, kind)):
        yield {
            "id": one.id,
            "at": one.at,
            "kind": Kind(one.kind).name.lower(),
            "part": "paid" if own[0] in (one.debit, one.credit) else "bonus",
            "amount_uzs": exact_uzs(one.amount_micros if one.credit in own else -one.amount_micros),
            "note": (one.meta or {}).get("told", ""),
        }


def calls(org: Organization) -> Rows:
    """Each call's row, without what it said: that is kept nowhere, or sealed in content.ndjson."""
    for one in _by_id(Request.objects.filter(org_id=org.pk)):
        yield {name: getattr(one, name) for name in _CALL} | {"cost_uzs": exact_uzs(one.cost_micros)}


def sealed(org: Organization) -> Iterator[bytes]:
    """Content as it is kept, one record a line: docs/log-encryption.md."""
    for project in org.projects.order_by("pk"):
        yield from records.lines(records.all_of(project))


def papers(org: Organization) -> list[Row]:
    """Receipts, statements and acts with their figures."""
    found = Paper.objects.filter(organization=org).select_related("original").order_by("pk")
    return [
        {"number": one.number, "kind": one.kind, "of": one.subject, "issued": one.issued_at}
        | {"figures": one.figures, "payer": one.payer, "company": one.company}
        for one in found
    ]


def notices(org: Organization, user: User) -> list[Row]:
    """What the person was told of this organization, and by which way."""
    found = Notice.objects.filter(org=org, deliveries__user=user).prefetch_related("deliveries")
    return [
        {"at": one.created_at, "kind": one.kind, "facts": one.facts}
        | {"by": [way.channel for way in one.deliveries.all() if way.user_id == user.pk]}
        for one in found.order_by("pk").distinct()
    ]


def receipts(org: Organization) -> Iterable[Receipt]:
    """Files that were uploaded to show a transfer and are there still."""
    return Receipt.objects.filter(topup__org=org, removed_at=None).order_by("pk").iterator()


def _by_id(rows: Any) -> Iterator[Any]:
    """All rows by their id, a page at a time, so that no partition is in use for long."""
    last = UUID(int=0)
    while last != _ALL_ONES:
        page = list(rows.filter(id__gt=last).order_by("id")[:_PAGE])
        yield from page
        last = page[-1].id if len(page) == _PAGE else _ALL_ONES


def _alert(one: PriceAlert) -> Row:
    return {"model": one.model.slug, "below_uzs": exact_uzs(one.below_micros), "made": one.created_at}


def _memberships(user: User) -> Iterable[Membership]:
    return user.memberships.select_related("organization").order_by("pk")


def _member(one: Membership) -> Row:
    return {
        "id": one.organization.api_id,
        "name": one.organization.name,
        "role": one.role,
        "since": one.created_at,
    }


def _project(one: Project) -> Row:
    return {
        "id": one.api_id,
        "number": one.pk,
        "name": one.name,
        "created": one.created_at,
        "archived": one.archived_at,
        "allowed_models": one.allowed_models,
        "content_log": one.content_log,
        "content_days": one.content_days,
        "log_keys": [
            {
                "id": key.api_id,
                "public_key": base64.b64encode(bytes(key.public_key)).decode(),
                "fingerprint": key.fingerprint,
                "created": key.created_at,
                "retired": key.retired_at,
            }
            for key in one.log_keys.all()
        ],
    }


def _key(one: ApiKey) -> Row:
    return {
        "id": one.api_id,
        "number": one.pk,
        "name": one.name,
        "begins_with": one.prefix,
        "ends_with": one.last4,
        "project": one.project.api_id,
        "scopes": one.scopes,
        "rpm": one.rpm,
        "allowed_ips": one.allowed_ips,
        "created": one.created_at,
        "expires": one.expires_at,
        "revoked": one.revoked_at,
        "last_used": one.last_used_at,
    }


LISTS: Final[Mapping[str, Callable[[Organization], Rows]]] = {
    "topups": topups,
    "payments": payments,
    "refunds": refunds,
    "promo_codes": promos,
    "transfers": transfers,
    "calls": calls,
}
