"""The catalog as plain frozen values: what choosing, pricing and listing work on. Pure.

Costs are nano-USD per 10^6 units.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialSnap:
    """One of our accounts at a provider whose secret is there. `disabled`: the provider has refused it.

    `name`: the row's id and version, "12.3". A changed or re-enabled credential goes by another name, so that
    what was found out of the earlier one is no word against it.
    """

    id: int
    name: str
    label: str
    secret: str = field(repr=False)
    weight: int = 1
    disabled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSnap:
    """`active`: neither switched off nor paused. `available`: that too, it has an address, and a credential
    (if it needs one) is there.

    `credentials`: all that may be used, the disabled ones too. `secret`: of the one in use; before a choice
    that of the heaviest one that isn't disabled. `credential_ref`: the first that the catalog names.
    `prefill`: how it is asked to go on with an answer that another began; empty: it can't be.
    """

    id: int
    slug: str
    name: str
    dialect: str
    base_url: str
    credential_ref: str
    secret: str | None = field(repr=False)
    on_disconnect: str
    hosted: bool
    sandbox: bool
    available: bool
    active: bool = True
    prefill: str = ""
    credentials: tuple[CredentialSnap, ...] = ()

    def using(self, credential: int) -> "ProviderSnap":
        """As it is asked with this credential; itself where it is the only one, or no more."""
        if len(self.credentials) < 2:
            return self
        found = next((one for one in self.credentials if one.id == credential), None)
        return self if found is None else replace(self, secret=found.secret)


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteSnap:
    """A site of ours where hosted models run. `id`: its provider's.

    `drained`: electricity is too dear there, so it takes no calls. `endpoints`: all that share its places.
    `in_flight_max`: calls at once, over all gateway workers. `queue_budget_ms`: the longest wait that is
    acceptable, at the site and for one of all sites.
    """

    id: int
    slug: str
    place: str
    country: str
    drained: bool
    in_flight_max: int
    queue_budget_ms: int
    endpoints: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CostSnap:
    """The CostVersion in force: component → nano-USD per 10^6 units, with tiers by input size."""

    id: int
    components: Mapping[str, int]
    above_input: tuple[tuple[int, Mapping[str, int]], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointSnap:
    """`stands_in`: the sandbox answering for another model, whose cost and markup it then carries.

    `capabilities`: the model's, since what may be asked of an endpoint depends on them.
    `ttft_ms`, `token_rate`: what the operator expects of it, until traffic says better.
    `site`: where a hosted model runs; its price is then the electricity's. `preferred`: among the model's
    sites this is the one to ask first.
    """

    id: int
    provider: ProviderSnap
    upstream_name: str
    markup_kind: str
    priority: int
    cost: CostSnap
    context_window: int | None = None
    ttft_ms: int | None = None
    token_rate: int | None = None
    stands_in: bool = False
    capabilities: frozenset[str] = frozenset()
    site: SiteSnap | None = None
    preferred: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSnap:
    """`endpoints` holds only active ones, of available and unavailable providers alike."""

    pk: int
    slug: str
    name: str
    modality: str
    category: str
    free: bool
    rpm: int | None
    context_window: int
    max_output_tokens: int | None
    default_output_tokens: int | None
    capabilities: frozenset[str]
    replaced_by: str
    retired: bool
    creator: str
    description: str
    strengths: str
    weaknesses: str
    tokenizer: str
    max_duration_s: int | None
    default_size: str
    max_side_px: int | None
    created_at: datetime
    endpoints: tuple[EndpointSnap, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """`names` maps a folded name to a slug; retired models stay in, so that their names can be explained.

    `sandboxes`: modality → the endpoint that stands in for unconfigured models in the demo.
    `dormant`: id → model and endpoint of what is switched off, itself or with its provider. No model leads
    there; only the platform's test calls do, by naming it.
    """

    version: int
    models: Mapping[str, ModelSnap]
    names: Mapping[str, str]
    sandboxes: Mapping[str, EndpointSnap]
    dormant: Mapping[int, tuple[ModelSnap, EndpointSnap]] = field(default_factory=dict)

    def endpoint(self, pk: int) -> tuple[ModelSnap, EndpointSnap] | None:
        """The endpoint with its model, switched off or not; None where it has no price or its model ended."""
        if pk in self.dormant:
            return self.dormant[pk]
        every = ((model, one) for model in self.models.values() for one in model.endpoints)
        return next(((model, one) for model, one in every if one.id == pk and not model.retired), None)

    def credentials(self) -> set[str]:
        """The names of all credentials that calls may go out with."""
        every = [*(e for model in self.models.values() for e in model.endpoints)]
        every += [endpoint for _, endpoint in self.dormant.values()]
        providers = {endpoint.provider.id: endpoint.provider for endpoint in every}
        return {one.name for provider in providers.values() for one in provider.credentials}
