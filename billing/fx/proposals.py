"""Changes of the rate that take two: who proposes, and somebody else who confirms.

A jump of the feed is nobody's proposal and takes one operator. What waits for a day is over. All of it
happens under the lock of rate_version, as rates are added one after the other.
"""

from datetime import date

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from billing.errors import MissingRate, ProposalDecided, ProposalOwn, ProposalWaits, RateRefused
from billing.fx.cbu import Quote
from billing.fx.ladder import Level, level
from billing.models import FxProposal, FxRate, MarkupProposal, Proposal
from billing.rates import add_rate, current_rates

Kind, State = FxProposal.Kind, FxProposal.State


def propose_rate(maker: User, on: date, micros_per_usd: int, reason: str) -> FxProposal:
    """A manual rate from this Tashkent date on. Raises RateRefused, ProposalWaits."""
    if micros_per_usd <= 0:
        raise RateRefused(_("a rate is positive"))
    if on < today():
        raise RateRefused(_("a rate can't hold from a day that is over"))
    said = FxProposal(kind=Kind.MANUAL, date=on, micros_per_usd=micros_per_usd, reason=reason)
    return _file(said, maker)


def propose_feed(maker: User, reason: str) -> FxProposal:
    """The end of the manual rates. Raises RateRefused where that would end nothing, ProposalWaits."""
    if _now() is None or current_rates().source != FxRate.Source.MANUAL:
        raise RateRefused(_("no manual rate is in force"))
    _usable()
    return _file(FxProposal(kind=Kind.FEED, reason=reason), maker)


def hold_jump(quote: Quote) -> bool:
    """Lets a step of the feed wait for an operator; False if one waits or was refused already."""
    same = FxProposal.objects.filter(kind=Kind.JUMP, date=quote.date, micros_per_usd=quote.micros)
    if same.filter(state__in=[State.PENDING, State.REFUSED]).exists():
        return False
    supersede_jump()
    FxProposal.objects.create(
        kind=Kind.JUMP,
        date=quote.date,
        micros_per_usd=quote.micros,
        before_micros=_now(),
        reason="a step over 5 %",
    )
    return True


def confirm(proposal_id: int, operator: User) -> FxProposal:
    """Puts it in force. Raises ProposalDecided, ProposalOwn (who proposed may not confirm), RateRefused."""
    with transaction.atomic():
        found = pending(FxProposal, proposal_id)
        check_other(found, operator)
        found.rate = _put_in_force(found, operator)
        return decide(found, State.CONFIRMED, operator)


def refuse[P: Proposal](kind: type[P], proposal_id: int, operator: User, answer: str) -> P:
    """Closes it without a change; its maker may take it back so. Raises ProposalDecided."""
    with transaction.atomic():
        found = pending(kind, proposal_id)
        found.answer = answer
        return decide(found, State.REFUSED, operator)


def expire() -> int:
    """Ends what has waited too long; how many there were."""
    due = timezone.now()
    rates = FxProposal.objects.filter(expires_at__lte=due)
    return close(rates) + close(MarkupProposal.objects.filter(expires_at__lte=due))


def supersede_jump() -> None:
    """The feed has said something newer."""
    close(FxProposal.objects.filter(kind=Kind.JUMP))


def lock_rates() -> None:
    """One change of the rates at a time; inside a transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT FROM rate_version FOR UPDATE")


def today() -> date:
    """The Tashkent date by the database's clock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT billing_today()")
        found: date = cursor.fetchone()[0]
        return found


def newest_of_feed(until: date | None = None) -> FxRate | None:
    """The Central Bank's newest rate, of those in force from this day at the latest."""
    rows = FxRate.objects.filter(source=FxRate.Source.CBU)
    if until is not None:
        rows = rows.filter(date__lte=until)
    return rows.order_by("-date", "-id").first()


def _now() -> int | None:
    try:
        return current_rates().micros_per_usd
    except MissingRate:
        return None


def _file(said: FxProposal, maker: User) -> FxProposal:
    with transaction.atomic():
        lock_rates()
        expire()
        if FxProposal.objects.filter(kind=said.kind, state=State.PENDING).exists():
            raise ProposalWaits(_("another proposal of this kind waits to be decided"))
        said.proposed_by = maker
        said.before_micros = _now()
        said.save()
    return said


def _usable() -> FxRate:
    now = today()
    found = newest_of_feed(now)
    if found is None or level((now - found.date).days) is Level.STOP:
        raise RateRefused(_("the Central Bank's rate is too old to go back to"))
    return found


def _put_in_force(found: FxProposal, operator: User) -> int:
    if found.kind == Kind.FEED:
        row = _usable()
        author = f"{found.proposed_by}, {operator}"
        return add_rate(
            "cbu", row.date, row.micros_per_usd, author=author, reason=found.reason, ends_manual=True
        )
    assert found.date is not None and found.micros_per_usd is not None
    if found.kind == Kind.JUMP:
        return add_rate(
            "cbu", found.date, found.micros_per_usd, author=f"cbu.uz, {operator}", reason=found.reason
        )
    author = f"{found.proposed_by}, {operator}"
    # Confirmed after midnight it holds from then on, and not behind a rate of today.
    day = max(found.date, today())
    return add_rate("manual", day, found.micros_per_usd, author=author, reason=found.reason)


def pending[P: Proposal](kind: type[P], proposal_id: int) -> P:
    """The proposal under its lock, in a transaction. Raises ProposalDecided if it doesn't wait any more."""
    lock_rates()
    rows: QuerySet[P] = kind._default_manager.select_for_update(of=("self",))
    found = rows.get(pk=proposal_id)
    if found.state != State.PENDING or found.expires_at <= timezone.now():
        raise ProposalDecided(_("this proposal was decided before, or has waited too long"))
    return found


def check_other(found: Proposal, operator: User) -> None:
    """Raises ProposalOwn if it is the operator's own."""
    if found.proposed_by_id == operator.pk:
        raise ProposalOwn(_("whoever proposed it can't confirm it"))


def decide[P: Proposal](found: P, state: str, operator: User) -> P:
    """Keeps who decided what, and when."""
    found.state = state
    found.decided_by = operator
    found.decided_at = timezone.now()
    found.save()
    return found


def close[P: Proposal](rows: QuerySet[P]) -> int:
    """Ends those of them that wait, by nobody; how many there were."""
    return rows.filter(state=State.PENDING).update(state=State.EXPIRED, decided_at=timezone.now())
