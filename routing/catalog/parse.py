"""Catalog files → entries and every mistake in them at once. Pure: text in, frozen values out."""

from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import urlsplit

import yaml

from routing.catalog.amounts import to_nano
from routing.catalog.entries import (
    CredentialEntry,
    EndpointEntry,
    Entries,
    FeedEntry,
    ModelEntry,
    ProviderEntry,
    SiteEntry,
    Tier,
)
from routing.catalog.feeds import feed_entry
from routing.catalog.nodes import Fields, Reader, number_text
from routing.catalog.sites import hosting_entry, site_entry
from routing.catalog.words import wordings
from routing.names import fold

DIALECTS: Final = ("openai", "anthropic", "gemini", "pollinations")
PREFILLS: Final = ("turn", "final_message", "prefix", "echoed_prefix", "partial")
MODALITIES: Final = ("chat", "embedding", "image", "video", "speech", "transcription", "moderation")
CATEGORIES: Final = ("hosted", "third_party")
MARKUPS: Final = ("margin", "routing_fee", "hosted")
LISTS: Final = ("off", "openai", "openrouter", "anthropic", "gemini")
COMPONENTS: Final = (
    *("input", "cached_input", "cache_write_5m", "cache_write_1h", "output", "reasoning"),
    *("image", "second", "character", "request"),
)
_TOP: Final = ("prices_as_of", "feeds", "sites", "providers", "models")
_PROVIDER: Final = (
    *("slug", "name", "dialect", "base_url", "credential", "credentials", "on_disconnect", "prefill"),
    *("hosted", "sandbox", "model_list", "list_fee_bps", "active"),
)
_CREDENTIAL: Final = ("ref", "label", "weight")
MAIN: Final = "main"  # the label of a provider's only credential
LABEL_MAX: Final = 60
WEIGHT_MAX: Final = 1000
_MODEL: Final = (
    *("id", "name", "aliases", "modality", "category", "free", "context_window", "capabilities", "endpoints"),
    *("rpm", "max_output_tokens", "default_output_tokens", "max_duration_s", "default_size", "max_side_px"),
    *("replaced_by", "creator", "description", "strengths", "weaknesses", "tokenizer"),
)
_ENDPOINT: Final = (
    *(
        "provider",
        "upstream_name",
        "price_usd",
        "hosting",
        "above_input",
        "markup",
        "priority",
        "context_window",
        "ttft_ms",
        "token_rate",
        "price_pinned",
        "active",
    ),
)


def parse(files: Iterable[tuple[str, str]]) -> Entries:
    """Entries of (file name, text) pairs joined, with all mistakes in them, each with file and line."""
    providers: list[ProviderEntry] = []
    models: list[ModelEntry] = []
    feeds: list[FeedEntry] = []
    sites: list[SiteEntry] = []
    problems: list[str] = []
    for name, text in files:
        reader = Reader(name, problems)
        top = _top(reader, text)
        feeds += [feed_entry(reader, n) for n in reader.items(top.get("feeds"), "feeds")]
        sites += [site_entry(reader, n) for n in reader.items(top.get("sites"), "sites")]
        providers += [_provider(reader, n) for n in reader.items(top.get("providers"), "providers")]
        models += [_model(reader, n) for n in reader.items(top.get("models"), "models")]
    problems += _twice((f.where, f.slug, (f.slug,)) for f in feeds if f.slug)
    problems += _twice((s.where, s.provider, (s.provider,)) for s in sites if s.provider)
    problems += _twice((p.where, p.slug, (p.slug,)) for p in providers if p.slug)
    problems += _twice((m.where, m.id, _folded(m)) for m in models if m.id)
    return Entries(
        providers=tuple(providers),
        models=tuple(models),
        feeds=tuple(feeds),
        sites=tuple(sites),
        problems=tuple(problems),
    )


def _top(reader: Reader, text: str) -> dict[str, yaml.Node]:
    try:
        node = yaml.compose(text, Loader=yaml.CSafeLoader)  # seven times quicker than SafeLoader
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        reader.problems.append(f"{reader.file}:{line}: not YAML: {error.problem}")
        return {}
    except yaml.YAMLError as error:
        reader.problems.append(f"{reader.file}:1: not YAML: {error}")
        return {}
    if node is None:
        reader.problems.append(f"{reader.file}:1: the file is empty")
        return {}
    return reader.mapping(node, "the file", _TOP)


def _fields(reader: Reader, node: yaml.Node, kind: str, known: tuple[str, ...], title: str) -> Fields:
    """The entry's keys; in messages it goes by the value of `title`, if it has one."""
    label = kind
    if isinstance(node, yaml.MappingNode):
        named = [v.value for k, v in node.value if k.value == title and isinstance(v, yaml.ScalarNode)]
        label = f"{kind} '{named[0]}'" if named else kind
    return Fields(reader, node, label, reader.mapping(node, label, known))


def _provider(reader: Reader, node: yaml.Node) -> ProviderEntry:
    fields = _fields(reader, node, "provider", _PROVIDER, "slug")
    slug = fields.text("slug", None)
    if slug and not slug.replace("-", "").replace("_", "").isalnum():
        fields.wrong("slug", "slug may hold letters, digits, '-' and '_' only")
    return ProviderEntry(
        where=reader.where(node),
        slug=slug,
        name=fields.text("name", slug),
        dialect=fields.choice("dialect", DIALECTS, "openai"),
        base_url=_base_url(fields),
        credentials=_credentials(fields),
        on_disconnect=fields.choice("on_disconnect", ("cancel", "drain"), "cancel"),
        prefill=fields.choice("prefill", PREFILLS, ""),
        hosted=fields.flag("hosted", False),
        sandbox=fields.flag("sandbox", False),
        model_list=fields.choice("model_list", LISTS, ""),
        list_fee_bps=fields.whole("list_fee_bps", 0) or 0,
        active=fields.flag("active", True),
    )


def _credentials(fields: Fields) -> tuple[CredentialEntry, ...]:
    """`credential: "env:X"`, or a list of several with their weights."""
    nodes = fields.reader.items(fields.keys.get("credentials"), f"{fields.label}: credentials")
    found = [_credential(fields, node) for node in nodes]
    single = fields.text("credential")
    if single:
        if found:
            fields.wrong("credential", "write either credential or credentials")
        found = [CredentialEntry(ref=single, label=MAIN)]
    if any(one.ref and not is_reference(one.ref) for one in found):
        key = "credential" if single else "credentials"
        fields.wrong(key, 'a credential must be "env:NAME": a secret has no place in a file')
    for what in ("ref", "label"):
        if len({getattr(one, what) for one in found}) < len(found):
            fields.wrong("credentials", f"two credentials have the same {what}")
    return tuple(found)


def _credential(provider: Fields, node: yaml.Node) -> CredentialEntry:
    label = f"{provider.label}: credentials"
    fields = Fields(provider.reader, node, label, provider.reader.mapping(node, label, _CREDENTIAL))
    ref = fields.text("ref", None)
    weight = fields.whole("weight", 0)
    name = fields.text("label", ref.removeprefix("env:")[:LABEL_MAX])
    if len(name) > LABEL_MAX:
        fields.wrong("label", f"a label has {LABEL_MAX} characters at most")
    if weight is not None and weight > WEIGHT_MAX:
        fields.wrong("weight", f"a weight is {WEIGHT_MAX} at most")
    return CredentialEntry(ref=ref, label=name, weight=1 if weight is None else weight)


def is_reference(text: str) -> bool:
    """Whether it is "env:NAME"."""
    return text.startswith("env:") and text.removeprefix("env:").isidentifier()


def is_address(url: str) -> bool:
    """Whether calls could go there: http or https, a host, no password, query or fragment."""
    try:
        parts = urlsplit(url)
        usable = parts.port is None or parts.port > 0
    except ValueError:
        return False
    extra = parts.query or parts.fragment or parts.username
    return usable and parts.scheme in ("http", "https") and bool(parts.hostname) and not extra


def _base_url(fields: Fields) -> str:
    url = fields.text("base_url", None).rstrip("/")
    if url and not is_reference(url) and not is_address(url):
        fields.wrong("base_url", f"base_url '{url}' is not an http(s) address")
    return url


def _model(reader: Reader, node: yaml.Node) -> ModelEntry:
    fields = _fields(reader, node, "model", _MODEL, "id")
    slug = fields.text("id", None)
    modality = fields.choice("modality", MODALITIES, "chat")
    nodes = reader.items(fields.keys.get("endpoints"), f"{fields.label}: endpoints")
    said = wordings(fields)
    entry = ModelEntry(
        where=reader.where(node),
        id=slug,
        name=fields.text("name", slug),
        aliases=fields.texts("aliases"),
        modality=modality,
        category=fields.choice("category", CATEGORIES, "third_party"),
        free=fields.flag("free", False),
        context_window=fields.whole("context_window", 0) or 0,
        capabilities=fields.texts("capabilities"),
        endpoints=tuple(_endpoint(reader, n, fields.label, modality) for n in nodes),
        rpm=fields.whole("rpm"),
        max_output_tokens=fields.whole("max_output_tokens"),
        default_output_tokens=fields.whole("default_output_tokens"),
        max_duration_s=fields.whole("max_duration_s"),
        creator=fields.text("creator"),
        **said.pop("en", {}),
        wordings=said,
        tokenizer=fields.text("tokenizer"),
        default_size=fields.text("default_size"),
        max_side_px=fields.whole("max_side_px"),
        replaced_by=fields.text("replaced_by"),
    )
    _check_model(fields, entry)
    return entry


def _check_model(fields: Fields, entry: ModelEntry) -> None:
    written = [("id", entry.id), ("name", entry.name), *(("aliases", alias) for alias in entry.aliases)]
    for key, name in written if entry.id else ():
        if "@" in name or not name.isprintable() or not fold(name):
            fields.wrong(key, f"the name '{name}' can't be used: no '@', no control characters, not empty")
    aliases = [fold(alias) for alias in entry.aliases]
    for alias in sorted({a for a in aliases if aliases.count(a) > 1}):
        fields.wrong("aliases", f"alias '{alias}' is listed twice")
    most, default = entry.max_output_tokens, entry.default_output_tokens
    if most and default and default > most:
        fields.wrong("default_output_tokens", "default_output_tokens is above max_output_tokens")
    seen: set[tuple[str, str]] = set()
    for endpoint in entry.endpoints:
        place = (endpoint.provider, endpoint.upstream_name)
        if place in seen:
            fields.reader.problems.append(
                f"{endpoint.where}: {fields.label}: endpoint {place} is listed twice"
            )
        seen.add(place)


def _endpoint(reader: Reader, node: yaml.Node, label: str, modality: str) -> EndpointEntry:
    fields = Fields(reader, node, f"{label}: endpoint", reader.mapping(node, f"{label}: endpoint", _ENDPOINT))
    hosting = hosting_entry(fields)
    components = _prices(fields, fields.keys.get("price_usd")) if hosting is None else {}
    for key in ("price_usd", "above_input") if hosting else ():
        if key in fields.keys:
            fields.wrong(key, f"{key} and hosting exclude each other: the formula makes a hosted price")
    needed = ("input", "output") if modality == "chat" and components else ()
    for name in needed:
        if name not in components:
            fields.wrong(
                "price_usd", f"price_usd has no '{name}'; write \"0\" if it is really free of charge"
            )
    priority = fields.whole("priority", 0)
    return EndpointEntry(
        where=reader.where(node),
        provider=fields.text("provider", None),
        upstream_name=fields.text("upstream_name", None),
        components=components,
        hosting=hosting,
        above_input=_tiers(fields),
        markup=fields.choice("markup", MARKUPS, ""),
        priority=1 if priority is None else priority,
        context_window=fields.whole("context_window"),
        ttft_ms=fields.whole("ttft_ms"),
        token_rate=fields.whole("token_rate"),
        price_pinned=fields.flag("price_pinned", False),
        active=fields.flag("active", True),
    )


def _prices(fields: Fields, node: yaml.Node | None) -> Mapping[str, int]:
    if node is None:
        fields.wrong("price_usd", "price_usd is missing (at a site of ours: hosting)")
        return {}
    label = f"{fields.label}: price_usd"
    components: dict[str, int] = {}
    for name, value in fields.reader.mapping(node, label, COMPONENTS).items():
        text = number_text(value)
        try:
            if text is None:
                raise ValueError('must be written in quotes, such as "2.50"')
            components[name] = to_nano(name, text)
        except ValueError as error:
            components[name] = 0  # told already, so not missing as well
            fields.reader.complain(value, f"{label}: {name}: {error}")
    if isinstance(node, yaml.MappingNode) and not node.value:
        fields.reader.complain(node, f"{label} has no component")
    return components


def _tiers(fields: Fields) -> tuple[Tier, ...]:
    tiers: list[Tier] = []
    for node in fields.reader.items(fields.keys.get("above_input"), f"{fields.label}: above_input"):
        label = f"{fields.label}: above_input"
        tier = Fields(fields.reader, node, label, fields.reader.mapping(node, label, ("over", "price_usd")))
        over = tier.whole("over")
        if over is None:
            tier.wrong("over", "over (tokens) is missing")
        tiers.append((over or 0, _prices(tier, tier.keys.get("price_usd"))))
    if len({over for over, _ in tiers}) < len(tiers):
        fields.wrong("above_input", "above_input has two tiers that begin at the same size")
    return tuple(sorted(tiers, key=lambda tier: tier[0]))


def _folded(model: ModelEntry) -> tuple[str, ...]:
    return tuple({fold(name) for name in model.spellings})


def _twice(owners: Iterable[tuple[str, str, tuple[str, ...]]]) -> list[str]:
    """Names that two entries claim, told at the second one."""
    first: dict[str, tuple[str, str]] = {}
    problems = []
    for where, owner, names in owners:
        for name in sorted(names):
            if name in first:
                at, other = first[name]
                problems.append(f"{where}: '{owner}': the name '{name}' already belongs to '{other}' ({at})")
            else:
                first[name] = (where, owner)
    return problems
