"""What a provider's list says otherwise than the catalog, as findings. Pure; nothing is changed here.

Costs are nano-USD per 10^6 units, steps of a price basis points.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from routing.sync.listing import Listed

BPS: Final = 10_000
_STEP_MAX: Final = 2**31 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One endpoint as the catalog has it. `components` is None without a price.

    context_window: what fits there, the smaller of the model's own (`model_window`) and the endpoint's.
    alone: no other endpoint sells this model. ours: a site of ours sells it too, so the model is ours to
    describe; `hosted`: this endpoint is one of those.
    """

    endpoint: int
    model: str
    upstream_name: str
    modality: str
    components: Mapping[str, int] | None
    tiers: bool
    pinned: bool
    context_window: int
    model_window: int
    max_output_tokens: int | None
    capabilities: frozenset[str]
    alone: bool
    ours: bool
    hosted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One difference. `by_itself`: a price may follow it as far as its size goes."""

    kind: str
    subject: str
    endpoint: int | None
    before: Any
    after: Any
    change_bps: int | None = None
    by_itself: bool = False


def differences(held: Sequence[Held], listed: Mapping[str, Listed]) -> list[Finding]:
    """Everything but what has vanished, which one list alone can't tell."""
    found: list[Finding] = []
    for endpoint in held:
        told = listed.get(endpoint.upstream_name)
        if told is not None and not told.problem and not endpoint.hosted:
            found += _price(endpoint, told)
            found += [] if endpoint.ours else _figures(endpoint, told)
    known = {endpoint.upstream_name for endpoint in held}
    fresh = (row for name, row in listed.items() if name not in known and not row.problem)
    return [*found, *(_new(row) for row in fresh if not row.deprecated)]


def absent(held: Iterable[Held], listed: Mapping[str, Listed], modalities: frozenset[str]) -> list[Held]:
    """Endpoints that a list of these modalities (none: of all) doesn't name, nor without their ":tag"."""
    return [
        endpoint
        for endpoint in held
        if not endpoint.hosted
        and (not modalities or endpoint.modality in modalities)
        and endpoint.upstream_name not in listed
        and endpoint.upstream_name.partition(":")[0] not in listed
    ]


def step_bps(before: int, after: int) -> int | None:
    """How far a component moves, in basis points away from zero; None from zero."""
    if before == 0:
        return None
    size = -(-abs(after - before) * BPS // before)  # rounded up, so that a jump is never told too small
    size = min(size, _STEP_MAX)
    return size if after >= before else -size


def _price(held: Held, told: Listed) -> list[Finding]:
    if held.pinned or not told.prices:
        return []
    old = dict(held.components or {})
    moved = {name: nano for name, nano in told.prices.items() if old.get(name) != nano}
    if not moved:
        return []
    steps = [step_bps(old.get(name, 0), nano) for name, nano in moved.items()]
    known = [step for step in steps if step is not None]
    calm = len(known) == len(steps) and all(moved.values()) and not held.tiers
    return [
        Finding(
            kind="price",
            subject=held.upstream_name,
            endpoint=held.endpoint,
            before=None if held.components is None else old,
            after=old | moved,
            change_bps=max(known, key=abs, default=None),
            by_itself=calm,
        )
    ]


def _figures(held: Held, told: Listed) -> list[Finding]:
    rows: list[tuple[str, Any, Any]] = []
    if told.context_window is not None:
        fits = told.context_window if held.alone else min(told.context_window, held.model_window or 0)
        rows.append(("context", held.context_window, fits))
    if held.modality == "chat":
        rows.append(("max_output", held.max_output_tokens, _longest(held, told)))
        rows.append(("capabilities", sorted(held.capabilities), _able(held, told)))
    return [
        Finding(kind=kind, subject=held.upstream_name, endpoint=held.endpoint, before=before, after=after)
        for kind, before, after in rows
        if before != after
    ]


def _longest(held: Held, told: Listed) -> int | None:
    """One of several endpoints may shorten the model's longest answer, not lengthen it for the others."""
    most, known = told.max_output_tokens, held.max_output_tokens
    if most is None or (not held.alone and (known is None or most > known)):
        return known
    return most


def _able(held: Held, told: Listed) -> list[str]:
    """What the list can't tell stays; one of several endpoints may only take abilities away."""
    kept = held.capabilities - (told.told - told.capabilities)
    return sorted(kept | told.capabilities if held.alone else kept)


def _new(told: Listed) -> Finding:
    after = {
        "name": told.name,
        "modality": told.modality,
        "prices": dict(told.prices),
        "context_window": told.context_window,
        "max_output_tokens": told.max_output_tokens,
        "capabilities": sorted(told.capabilities),
        "open_weights": told.open_weights,
    }
    return Finding(kind="new", subject=told.id, endpoint=None, before=None, after=after)
