"""Changes of a markup, the exchange margin among them: one operator proposes, another one confirms.

They take the same lock and the same day as changes of the rate (billing/fx/proposals.py).
"""

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from billing.errors import ProposalWaits, RateRefused
from billing.fx.proposals import check_other, decide, expire, lock_rates, pending
from billing.models import Markup, MarkupProposal
from billing.money import BPS_MAX
from billing.rates import set_markup

State = MarkupProposal.State


def propose_markup(maker: User, kind: str, bps: int, reason: str) -> MarkupProposal:
    """A markup of this kind, in basis points. Raises RateRefused, ProposalWaits."""
    kind = kind.strip()
    if not 0 <= bps <= BPS_MAX or not kind:
        raise RateRefused(_("a markup has a kind and 0 to 100,000 basis points"))
    with transaction.atomic():
        lock_rates()
        expire()
        before = in_force(kind)
        if before == bps:
            raise RateRefused(_("this markup is in force already"))
        if MarkupProposal.objects.filter(kind=kind, state=State.PENDING).exists():
            raise ProposalWaits(_("another proposal of this kind waits to be decided"))
        return MarkupProposal.objects.create(
            kind=kind, bps=bps, before_bps=before, reason=reason, proposed_by=maker
        )


def confirm_markup(proposal_id: int, operator: User) -> MarkupProposal:
    """Puts it in force. Raises ProposalDecided, ProposalOwn (who proposed may not confirm)."""
    with transaction.atomic():
        found = pending(MarkupProposal, proposal_id)
        check_other(found, operator)
        author = f"{found.proposed_by}, {operator}"
        found.markup = set_markup(found.kind, found.bps, author, found.reason)
        return decide(found, State.CONFIRMED, operator)


def in_force(kind: str) -> int | None:
    """Basis points of the newest markup of a kind; None if there never was one."""
    newest = Markup.objects.filter(kind=kind).order_by("-id").first()
    return None if newest is None else newest.bps
