"""Finding what customers have to hear of: caps that fill up, balances that run low, top-ups that are decided.

Each minute only organizations whose wallets moved since the last look are looked at. The look, what it writes
down and the new horizon are one transaction: a worker that dies has done nothing, and the next one does it.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from django.db import connection, transaction
from django.utils import timezone

from accounts.models import Organization
from billing.caps import Scope, begins_anew
from billing.ledger import balance
from billing.models import BalanceWatch, Notice, NoticeKind, TopUp
from billing.money import MICROS_PER_UZS
from billing.notices.outbox import noted, tell
from billing.thresholds import reached, worth_telling

LOW_BALANCE_MICROS: Final = 10_000 * MICROS_PER_UZS  # where an organization has set no threshold of its own
NEARLY: Final = 80  # per cent of a cap; a dear call that an emptier one refuses doesn't make it full
_OF_PROJECT: Final = (Scope.PROJECT_DAY, Scope.PROJECT_MONTH)
# What the customer did is no news to them.
_TOLD_STATES: Final = (TopUp.State.PAID, TopUp.State.REJECTED, TopUp.State.EXPIRED, TopUp.State.REVERSED)


@transaction.atomic
def look() -> int:
    """What has happened since the last look; how many notices that made."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT org, taken FROM moved_wallets()")
        moved: dict[int, int] = dict(cursor.fetchall())
    known = set(Organization.objects.filter(pk__in=moved).values_list("pk", flat=True))
    return look_at_topups() + look_at({org: taken for org, taken in moved.items() if org in known})


@transaction.atomic
def look_at(moved: Mapping[int, int]) -> int:
    """The same for these organizations; what was taken out of each one's wallet, in micros."""
    told = sum(_look_at_balance(org_id, taken) for org_id, taken in sorted(moved.items()))
    return told + look_at_caps(list(moved))


def look_at_topups() -> int:
    """Tells of the top-ups that were decided in the last day, by whomever; how many."""
    since = timezone.now() - timedelta(days=1)
    decided = {
        _topup_key(topup): topup
        for topup in TopUp.objects.filter(decided_at__gte=since, state__in=_TOLD_STATES)
    }
    orgs = {topup.org_id for topup in decided.values()}
    told = Notice.objects.filter(org__in=orgs, kind=NoticeKind.TOPUP, dedupe_key__in=decided)
    new = decided.keys() - set(told.values_list("dedupe_key", flat=True))
    return sum(tell_topup(decided[key]) for key in sorted(new))


def tell_topup(topup: TopUp) -> bool:
    """Tells that a top-up is decided, whoever asked for it too; False if that was told before."""
    if topup.state not in _TOLD_STATES:
        return False
    amounts = {TopUp.State.PAID: topup.credited_micros, TopUp.State.REVERSED: topup.reversed_micros}
    facts = {
        "state": str(topup.state),
        "amount_micros": amounts.get(TopUp.State(topup.state), topup.amount_micros),
        "refusal": topup.refusal,
        "reason": topup.reason,
        "reference": topup.reference,
    }
    concerned = [topup.requested_by_id]
    return tell(topup.org_id, NoticeKind.TOPUP, _topup_key(topup), facts, concerned)


def _topup_key(topup: TopUp) -> str:
    return f"{topup.pk}:{topup.state}"


@transaction.atomic
def look_at_caps(org_ids: list[int]) -> int:
    """Tells of the caps of these organizations that came to a threshold; how many."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM used_caps(%s)", [org_ids])
        found = cursor.fetchall()
    return sum(_look_at_cap(org_id, Scope(scope), *rest) for org_id, scope, *rest in found)


@transaction.atomic
def look_at_refused(org_id: int, project_id: int, key_id: int) -> int:
    """A call was refused for a cap of this key or its project: to the customer, a cap whose rest is too small
    for a call is used up. How many are told of.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM used_caps(%s)", [[org_id]])
        found = [(Scope(scope), *rest) for _, scope, *rest in cursor.fetchall()]
    concerned = [row for row in found if row[1] == (project_id if row[0] in _OF_PROJECT else key_id)]
    full = [row for row in concerned if 100 * row[4] >= NEARLY * row[3]]
    return sum(_look_at_cap(org_id, *row, refused=True) for row in full)


def _look_at_cap(  # noqa: PLR0913 (one row)
    org_id: int,
    scope: Scope,
    cap_id: int,
    name: str,
    limit: int,
    spent: int,
    since: object,
    *,
    refused: bool = False,
) -> bool:
    """Each threshold once for a window and limit: who raises a cap wants to hear of the new one, too."""
    gone = limit if refused else spent
    stem = f"{scope.name}:{cap_id}:{since or ''}:{limit}"
    told = Notice.objects.filter(org_id=org_id, kind=NoticeKind.CAP, dedupe_key__startswith=f"{stem}:")
    shares = [int(key.rpartition(":")[2]) for key in told.values_list("dedupe_key", flat=True)]
    share = worth_telling(shares, gone, limit)
    if share is None:
        return False
    resets = begins_anew(scope)
    facts = {
        "scope": scope.name.lower(),
        "name": name,
        "limit_micros": limit,
        "spent_micros": spent,
        "share": share,
        "resets_on": resets.isoformat() if resets else None,
    }
    for passed in reached(gone, limit)[:-1]:
        noted(org_id, NoticeKind.CAP, f"{stem}:{passed}", facts | {"share": passed})
    return tell(org_id, NoticeKind.CAP, f"{stem}:{share}", facts)


def _look_at_balance(org_id: int, taken: int) -> bool:
    """One message for each time the balance falls below the threshold."""
    now = balance(org_id).total
    found = BalanceWatch.objects.select_for_update().filter(org_id=org_id).first()
    watch = found or BalanceWatch(org_id=org_id)
    threshold = threshold_of(watch)
    before = watch.armed, found is None
    is_low = now < threshold
    tells = is_low and (watch.armed or now + taken >= threshold)
    watch.armed = not is_low
    if tells:
        watch.times_told += 1
        facts = {"balance_micros": now, "threshold_micros": threshold}
        tell(org_id, NoticeKind.BALANCE, str(watch.times_told), facts)
    if tells or before != (watch.armed, False):
        watch.save()
    return tells


def threshold_of(watch: BalanceWatch | None) -> int:
    """Micros below which the balance is low; 0 is never."""
    own = watch.threshold_micros if watch else None
    return LOW_BALANCE_MICROS if own is None else own


def set_threshold(org_id: int, micros: int | None) -> None:
    """From now on a balance under this is low; None: the platform's own threshold, 0: never."""
    with transaction.atomic():
        watch, _ = BalanceWatch.objects.select_for_update().get_or_create(org_id=org_id)
        watch.threshold_micros = micros
        watch.armed = balance(org_id).total >= threshold_of(watch)
        watch.save()
