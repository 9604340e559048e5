"""An operator's word on a proposal: in force at once, or never; twice is once.

Each refusal is a ProposalRefused whose text says what to do. The locks are those of a catalog load.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from routing.errors import ProposalRefused
from routing.models import (
    CatalogProposal,
    CatalogVersion,
    Category,
    CostVersion,
    Endpoint,
    MarkupKind,
    Model,
    ModelName,
    ProposalKind,
    ProposalState,
)
from routing.names import fold
from routing.sync.compare import Held
from routing.sync.held import held_now
from routing.sync.record import follow


@transaction.atomic
def accept(
    proposal: int, by: User, reason: str = "", prices: Mapping[str, int] | None = None
) -> CatalogProposal:
    """Makes the catalog say what the provider's list says. Raises ProposalRefused, having changed nothing.

    prices: of a new model whose list has none, in nano-USD per 10^6 units.
    """
    row = _open(proposal)
    if row.kind == ProposalKind.NEW:
        _sell(row, prices or {})
    else:
        _check_fresh(row)
        _CHANGES[row.kind](row)
    return _decided(row, ProposalState.ACCEPTED, by, reason)


@transaction.atomic
def reject(proposal: int, by: User, reason: str) -> CatalogProposal:
    """The catalog stays; the same finding isn't proposed again. Raises ProposalRefused."""
    if not reason.strip():
        raise ProposalRefused(_("A rejection needs a reason."))
    return _decided(_open(proposal), ProposalState.REJECTED, by, reason)


def _open(proposal: int) -> CatalogProposal:
    CatalogVersion.objects.select_for_update().get(pk=1)
    row = CatalogProposal.objects.select_for_update(of=("self",)).select_related("provider").get(pk=proposal)
    if row.state != ProposalState.OPEN:
        raise ProposalRefused(_("It was decided before: %s.") % row.get_state_display())
    return row


def _decided(row: CatalogProposal, state: str, by: User, reason: str) -> CatalogProposal:
    row.state, row.decided_by, row.decided_at, row.reason = state, by, timezone.now(), reason.strip()[:500]
    row.save()
    return row


def _check_fresh(row: CatalogProposal) -> None:
    """Raises ProposalRefused if the catalog no longer says what it said when this was found."""
    held = held_now(row.endpoint_id) if row.endpoint_id else None
    if held is None or held.hosted or (held.ours and row.kind in _OF_MODELS):
        raise ProposalRefused(_STALE())
    if row.kind == ProposalKind.PRICE and held.pinned:
        raise ProposalRefused(_("An operator has pinned this price since."))
    if _SAYS[row.kind](held) != row.before:
        raise ProposalRefused(_STALE())


def _STALE() -> str:
    return _("The catalog has changed since; the next sync looks again.")


def _components(held: Held) -> Any:
    return None if held.components is None else dict(held.components)


# What the catalog says now about the thing that a proposal of each kind would change.
_SAYS: Final[Mapping[str, Callable[[Held], Any]]] = {
    ProposalKind.PRICE: _components,
    ProposalKind.CONTEXT: lambda held: held.context_window,
    ProposalKind.MAX_OUTPUT: lambda held: held.max_output_tokens,
    ProposalKind.CAPABILITIES: lambda held: sorted(held.capabilities),
    ProposalKind.VANISHED: lambda held: held.model,
}
_OF_MODELS: Final = (ProposalKind.CONTEXT, ProposalKind.MAX_OUTPUT, ProposalKind.CAPABILITIES)


def _price(row: CatalogProposal) -> None:
    row.cost = follow(_endpoint(row).pk, row.after)


def _context(row: CatalogProposal) -> None:
    """The endpoint's own window where it is the smaller one, else the model's grows."""
    endpoint = _endpoint(row)
    model = endpoint.model
    if model.context_window and row.after < model.context_window:
        endpoint.context_window = row.after
    else:
        endpoint.context_window = None
        model.context_window = row.after
        model.save(update_fields=["context_window"])
    endpoint.save(update_fields=["context_window"])


def _max_output(row: CatalogProposal) -> None:
    model = _endpoint(row).model
    model.max_output_tokens = row.after
    if model.default_output_tokens and model.default_output_tokens > row.after:
        model.default_output_tokens = row.after
    model.save(update_fields=["max_output_tokens", "default_output_tokens"])


def _capabilities(row: CatalogProposal) -> None:
    model = _endpoint(row).model
    model.capabilities = row.after
    model.save(update_fields=["capabilities"])


def _retire(row: CatalogProposal) -> None:
    """The endpoint goes; with the last one its model does."""
    endpoint = _endpoint(row)
    endpoint.retired_at = timezone.now()
    endpoint.save(update_fields=["retired_at"])
    if not Endpoint.objects.filter(model=endpoint.model, retired_at=None).exists():
        Model.objects.filter(pk=endpoint.model_id, retired_at=None).update(retired_at=endpoint.retired_at)


def _endpoint(row: CatalogProposal) -> Endpoint:
    """Of a proposal that isn't about a new model, checked to be there."""
    assert row.endpoint is not None
    return row.endpoint


_CHANGES: Final[Mapping[str, Callable[[CatalogProposal], None]]] = {
    ProposalKind.PRICE: _price,
    ProposalKind.CONTEXT: _context,
    ProposalKind.MAX_OUTPUT: _max_output,
    ProposalKind.CAPABILITIES: _capabilities,
    ProposalKind.VANISHED: _retire,
}


def _sell(row: CatalogProposal, typed: Mapping[str, int]) -> None:
    """The model at this provider, on sale from now on. Raises ProposalRefused."""
    if Endpoint.objects.filter(provider=row.provider, upstream_name=row.subject, retired_at=None).exists():
        raise ProposalRefused(_STALE())
    listed = row.after["prices"]
    if not listed and not typed:
        raise ProposalRefused(_("Its list has no price: type one."))
    model = _model(row)
    endpoint, _made = Endpoint.objects.update_or_create(
        model=model,
        provider=row.provider,
        upstream_name=row.subject,
        defaults={"active": True, "retired_at": None, "context_window": _own_window(row, model)},
        create_defaults={
            "markup_kind": _markup(model),
            "context_window": _own_window(row, model),
            "priority": 1 + model.endpoints.filter(retired_at=None).count(),
        },
    )
    row.endpoint = endpoint
    row.cost = CostVersion.objects.create(
        endpoint=endpoint, components=dict(listed or typed), from_sync=bool(listed)
    )


def _model(row: CatalogProposal) -> Model:
    """The model that goes by this id in the catalog, or a new one."""
    told: Mapping[str, Any] = row.after
    named = ModelName.objects.filter(folded=fold(row.subject)).select_related("model").first()
    if named is not None:
        return _sellable(named.model, told["modality"])
    slug = row.subject if "/" in row.subject else f"{row.provider.slug}/{row.subject}"
    if "@" in slug or Model.objects.filter(slug=slug).exists():
        raise ProposalRefused(_("The id '%s' can't be used; add the model by hand.") % slug)
    model = Model.objects.create(
        slug=slug,
        name=_free_name(told["name"]) or slug,
        modality=told["modality"],
        category=Category.HOSTED if told["open_weights"] else Category.THIRD_PARTY,
        context_window=told["context_window"] or 0,
        max_output_tokens=told["max_output_tokens"],
        capabilities=told["capabilities"],
    )
    spellings = {fold(name): name for name in (model.name, slug)}
    ModelName.objects.bulk_create(
        ModelName(folded=key, name=name, model=model) for key, name in spellings.items()
    )
    return model


def _sellable(model: Model, modality: str) -> Model:
    """A model of the catalog that gets one more endpoint; one that was retired comes back."""
    if model.modality != modality or model.replaced_by:
        raise ProposalRefused(_("'%s' is another kind of model in the catalog; add it by hand.") % model.slug)
    if model.retired_at is not None:
        model.retired_at = None
        model.save(update_fields=["retired_at"])
    return model


def _free_name(name: str) -> str:
    """The display name if nobody goes by it; an empty one else."""
    taken = "@" in name or not fold(name) or ModelName.objects.filter(folded=fold(name)).exists()
    return "" if taken else name


def _own_window(row: CatalogProposal, model: Model) -> int | None:
    """The provider's own window, where it is smaller than the model's."""
    size = row.after["context_window"]
    return size if size and size < model.context_window else None


def _markup(model: Model) -> MarkupKind:
    return MarkupKind.ROUTING_FEE if model.category == Category.THIRD_PARTY else MarkupKind.MARGIN
