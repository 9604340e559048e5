"""A proposal as an operator reads it: what was, what would be, and by how much."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from routing.catalog.amounts import from_nano
from routing.component_words import WORDS, usd
from routing.models import COMPONENTS, CatalogProposal, CostVersion, ProposalKind
from routing.sync.compare import step_bps


def changes(proposal: CatalogProposal) -> list[str]:
    """One line for each thing that would change; prices in USD as catalog files write them."""
    before, after = proposal.before, proposal.after
    if proposal.kind == ProposalKind.PRICE:
        return _prices(before or {}, after)
    if proposal.kind == ProposalKind.NEW:
        return _new(after, proposal.cost)
    if proposal.kind == ProposalKind.VANISHED:
        return [_("retire the endpoint of %s") % before]
    if proposal.kind == ProposalKind.CAPABILITIES:
        gained = [f"+ {name}" for name in after if name not in before]
        return gained + [f"− {name}" for name in before if name not in after]
    return [f"{before or '–'} → {after}"]


def percent(bps: int) -> str:
    """A signed step: 1250 is "+12.50 %"."""
    whole, rest = divmod(abs(bps), 100)
    return f"{'-' if bps < 0 else '+'}{whole}.{rest:02} %"


def _prices(before: Mapping[str, int], after: Mapping[str, int]) -> list[str]:
    lines = []
    for name in COMPONENTS:
        old, new = before.get(name), after.get(name)
        if new is None or new == old:
            continue
        was = "–" if old is None else from_nano(name, old)
        step = step_bps(old or 0, new)
        moved = f"{was} → {from_nano(name, new)}"
        lines.append(f"{WORDS[name]} {moved}" + (f" ({percent(step)})" if step else ""))
    return lines


def _new(told: Mapping[str, Any], cost: CostVersion | None) -> list[str]:
    """With the price that it is sold at since, where an operator has typed it."""
    typed = cost.components if cost and not told["prices"] else {}
    prices = told["prices"] or typed
    window = told["context_window"]
    return [
        *([_("no price listed")] if not told["prices"] else []),
        *([usd(prices)] if prices else []),
        *([_("%s tokens of context") % window] if window else []),
        *([", ".join(told["capabilities"])] if told["capabilities"] else []),
    ]
