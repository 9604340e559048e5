"""A catalog file as values: what `catalog load` was asked to make true. Pure.

`where` is "file:line" of the entry, for messages. Costs are nano-USD per 10^6 units.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Tier = tuple[int, Mapping[str, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialEntry:
    """`ref`: env:NAME. A secret itself is never in a file."""

    ref: str
    label: str
    weight: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderEntry:
    where: str
    slug: str
    name: str
    dialect: str
    base_url: str
    credentials: tuple[CredentialEntry, ...] = ()
    on_disconnect: str = "cancel"
    prefill: str = ""
    hosted: bool = False
    sandbox: bool = False
    model_list: str = ""
    list_fee_bps: int = 0
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteEntry:
    """A data centre of ours. `values`: the columns of its row beside provider and node."""

    where: str
    provider: str
    feed: str
    node: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class HostingEntry:
    """How an endpoint of ours runs its model. `values`: the columns of its row."""

    where: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointEntry:
    """`hosting`: at a site of ours, where the formula makes the price instead of `components`.

    `markup` is empty where the file leaves it out: the loader then decides by category and provider."""

    where: str
    provider: str
    upstream_name: str
    components: Mapping[str, int]
    above_input: tuple[Tier, ...] = ()
    markup: str = ""
    priority: int = 1
    context_window: int | None = None
    ttft_ms: int | None = None
    token_rate: int | None = None
    price_pinned: bool = False
    active: bool = True
    hosting: HostingEntry | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelEntry:
    """`wordings`: language → what is said in it; English stands in the entry itself."""

    where: str
    id: str
    name: str
    modality: str
    category: str
    aliases: tuple[str, ...] = ()
    free: bool = False
    rpm: int | None = None
    context_window: int = 0
    max_output_tokens: int | None = None
    default_output_tokens: int | None = None
    capabilities: tuple[str, ...] = ()
    creator: str = ""
    description: str = ""
    strengths: str = ""
    weaknesses: str = ""
    tokenizer: str = ""
    max_duration_s: int | None = None
    default_size: str = ""
    max_side_px: int | None = None
    replaced_by: str = ""
    wordings: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    endpoints: tuple[EndpointEntry, ...] = ()

    @property
    def spellings(self) -> tuple[str, ...]:
        """Every name that leads here, as written."""
        return (self.id, self.name, *self.aliases)


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeEntry:
    """A place in a market that has a price; `params` is its own adapter's."""

    code: str
    currency: str = "USD"
    params: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedEntry:
    """A market that tells what electricity costs."""

    where: str
    slug: str
    name: str
    step_s: int
    poll_s: int
    needs_terms: bool = False
    needs_key: bool = False
    terms_url: str = ""
    attribution: str = ""
    simulated: bool = False
    active: bool = True
    nodes: tuple[NodeEntry, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Entries:
    """`problems` are the mistakes found in reading, "file:line: what"; with any, nothing may be loaded."""

    providers: tuple[ProviderEntry, ...]
    models: tuple[ModelEntry, ...]
    feeds: tuple[FeedEntry, ...] = ()
    sites: tuple[SiteEntry, ...] = ()
    problems: tuple[str, ...] = ()
