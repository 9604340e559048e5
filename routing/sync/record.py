"""Turns what a list says into proposals, and small changes of price into prices: all of it, or nothing.

The same finding is one open row however often it is seen; a later one on the same thing supersedes it. What
an operator rejected stays rejected until the list or the catalog says something new.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from routing.models import (
    CatalogProposal,
    CatalogVersion,
    CostVersion,
    ProposalKind,
    ProposalState,
    Provider,
    ProviderSync,
)
from routing.sync.compare import BPS, Finding, Held, absent, differences
from routing.sync.drift import drift_bps
from routing.sync.held import held_at
from routing.sync.listing import Listed

MISSING_DAYS: Final = 3
Key = tuple[str, str, int | None]


@transaction.atomic
def record(
    provider: Provider, listed: Mapping[str, Listed], modalities: frozenset[str], today: date
) -> dict[str, int]:
    """What came of one list: how many models it has, proposals wait by kind, prices were followed."""
    CatalogVersion.objects.select_for_update().get(pk=1)
    sync = sync_of(provider)
    held = held_at(provider)
    sync.absent = _days(sync.absent, absent(held, listed, modalities), today)
    findings = differences(held, listed) + _vanished(held, sync.absent)
    applied = _reconcile(provider, findings)
    waiting = CatalogProposal.objects.filter(provider=provider, state=ProposalState.OPEN)
    kinds = Counter(waiting.values_list("kind", flat=True))
    unclear = sum(bool(row.problem) for row in listed.values())
    sync.counts = {"listed": len(listed), "unclear": unclear, "applied": applied, **kinds}
    sync.tried_at = sync.ok_at = timezone.now()
    sync.error, sync.failures = "", 0
    sync.save()
    return dict(sync.counts)


@transaction.atomic
def record_failure(provider: Provider, error: str) -> int:
    """The list could not be used; how many times in a row now."""
    sync = sync_of(provider)
    sync.tried_at = timezone.now()
    sync.error, sync.failures = error[:500], sync.failures + 1
    sync.save()
    return sync.failures


def sync_of(provider: Provider) -> ProviderSync:
    """The provider's row, locked."""
    ProviderSync.objects.get_or_create(provider=provider)
    return ProviderSync.objects.select_for_update().get(provider=provider)


def _days(before: Mapping[str, Any], missing: Iterable[Held], today: date) -> dict[str, Any]:
    """Endpoint id → on how many days in a row it wasn't listed, today included, and the last of them."""
    days = {}
    for endpoint in missing:
        seen = before.get(str(endpoint.endpoint), {"days": 0, "last": ""})
        fresh = seen["last"] != today.isoformat()
        days[str(endpoint.endpoint)] = {"days": seen["days"] + fresh, "last": today.isoformat()}
    return days


def _vanished(held: Iterable[Held], days: Mapping[str, Any]) -> list[Finding]:
    return [
        Finding(
            kind=ProposalKind.VANISHED,
            subject=endpoint.upstream_name,
            endpoint=endpoint.endpoint,
            before=endpoint.model,
            after=None,
        )
        for endpoint in held
        if days.get(str(endpoint.endpoint), {"days": 0})["days"] >= MISSING_DAYS
    ]


def _reconcile(provider: Provider, findings: Iterable[Finding]) -> int:
    """Proposals as these findings want them; how many prices were followed at once."""
    rows = CatalogProposal.objects.filter(provider=provider)
    waiting = {_key(row): row for row in rows.filter(state=ProposalState.OPEN)}
    declined: dict[Key, list[CatalogProposal]] = {}
    for old in rows.filter(state=ProposalState.REJECTED):
        declined.setdefault(_key(old), []).append(old)
    seen, fresh = [], []
    for finding in findings:
        key = (finding.kind, finding.subject, finding.endpoint)
        row = waiting.get(key)
        if row is not None and (row.before, row.after) == (finding.before, finding.after):
            seen.append(waiting.pop(key).pk)
        elif not any(_settles(old, finding) for old in declined.get(key, ())):
            fresh.append(finding)
    now = timezone.now()
    rows.filter(pk__in=seen).update(seen_at=now)
    gone = [stale.pk for stale in waiting.values()]
    rows.filter(pk__in=gone).update(state=ProposalState.SUPERSEDED, decided_at=now)
    return sum(_propose(provider, finding) for finding in fresh)


def _key(row: CatalogProposal) -> Key:
    return row.kind, row.subject, row.endpoint_id


def _settles(declined: CatalogProposal, finding: Finding) -> bool:
    """Whether this rejection holds for the finding: of a model as such, or of exactly this change."""
    if finding.kind in (ProposalKind.NEW, ProposalKind.VANISHED):
        return True
    return (declined.before, declined.after) == (finding.before, finding.after)


def _propose(provider: Provider, finding: Finding) -> bool:
    """One more proposal; True if it is a price that could be followed at once."""
    now = timezone.now()
    row = CatalogProposal(
        provider=provider,
        endpoint_id=finding.endpoint,
        kind=finding.kind,
        subject=finding.subject,
        before=finding.before,
        after=finding.after,
        change_bps=finding.change_bps,
        seen_at=now,
    )
    if finding.kind == ProposalKind.PRICE and finding.endpoint is not None:
        row.drift_bps = drift_bps(finding.endpoint, finding.after)
    follows = finding.by_itself and is_small(finding.change_bps) and is_small(row.drift_bps)
    if follows and finding.endpoint is not None:
        row.cost = follow(finding.endpoint, finding.after)
        row.state, row.decided_at = ProposalState.APPLIED, now
    row.save()
    return follows


def is_small(change_bps: int | None) -> bool:
    """Whether a step of a price, or where all its steps have led, needs nobody."""
    return change_bps is not None and abs(change_bps) * 100 <= settings.CATALOG_SYNC_AUTO_PERCENT * BPS


def follow(endpoint: int, components: Mapping[str, int]) -> CostVersion:
    """A new price in force from now on; dearer tiers for long prompts stay as they were."""
    newest = CostVersion.objects.filter(endpoint_id=endpoint).order_by("-id").first()
    tiers = newest.above_input if newest else []
    return CostVersion.objects.create(
        endpoint_id=endpoint, components=dict(components), above_input=tiers, from_sync=True
    )
