"""The endpoints of a provider as the catalog has them now."""

from django.db.models import Q, QuerySet

from routing.models import CostVersion, Endpoint, MarkupKind, Provider
from routing.sync.compare import Held


def held_at(provider: Provider) -> list[Held]:
    """All endpoints of this provider that are not retired."""
    return _held(Endpoint.objects.filter(provider=provider, retired_at=None))


def held_now(endpoint: int) -> Held | None:
    """This endpoint; None once it is retired."""
    return next(iter(_held(Endpoint.objects.filter(pk=endpoint, retired_at=None))), None)


def _held(rows: QuerySet[Endpoint]) -> list[Held]:
    endpoints = list(rows.select_related("model", "provider").order_by("pk"))
    newest = CostVersion.objects.filter(endpoint__in=endpoints).order_by("endpoint_id", "-id")
    costs = {cost.endpoint_id: cost for cost in newest.distinct("endpoint_id")}
    models = {endpoint.model_id for endpoint in endpoints}
    sold = list(Endpoint.objects.filter(model__in=models, retired_at=None).values_list("model_id", flat=True))
    ours = Q(provider__hosted=True) | Q(markup_kind=MarkupKind.HOSTED)
    own = set(
        Endpoint.objects.filter(ours, model__in=models, retired_at=None).values_list("model_id", flat=True)
    )
    return [
        _of(
            endpoint,
            costs.get(endpoint.pk),
            alone=sold.count(endpoint.model_id) == 1,
            ours=endpoint.model_id in own,
        )
        for endpoint in endpoints
    ]


def _of(endpoint: Endpoint, cost: CostVersion | None, *, alone: bool, ours: bool) -> Held:
    model = endpoint.model
    windows = [size for size in (model.context_window, endpoint.context_window) if size]
    return Held(
        endpoint=endpoint.pk,
        model=model.slug,
        upstream_name=endpoint.upstream_name,
        modality=model.modality,
        components=None if cost is None else cost.components,
        tiers=cost is not None and bool(cost.above_input),
        pinned=endpoint.price_pinned,
        context_window=min(windows, default=0),
        model_window=model.context_window,
        max_output_tokens=model.max_output_tokens,
        capabilities=frozenset(model.capabilities),
        alone=alone,
        ours=ours,
        hosted=endpoint.provider.hosted or endpoint.markup_kind == MarkupKind.HOSTED,
    )
