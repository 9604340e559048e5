"""The small catalog of the live stack: one model for each thing that routing, money and faults can do."""

from typing import Any

import yaml

from tests.upstream.plan import STATUS_FAULTS, WIRE_FAULTS

ALPHA_KEY = "sk-alpha-0123456789abcdef"
CREDENTIALS = {
    "TEST_ALPHA_KEY": ALPHA_KEY,
    "TEST_BETA_KEY": "sk-beta-0123456789abcdef",
    "TEST_CLAUDE_KEY": "sk-ant-0123456789abcdef",
    "TEST_POLLEN_KEY": "sk-pollen-0123456789abcdef",
    "TEST_GEM_KEY": "AIza-0123456789abcdef",
    "TEST_TWIN_A_KEY": "sk-twin-a-0123456789abcdef",
    "TEST_TWIN_B_KEY": "sk-twin-b-0123456789abcdef",
}
# Providers with two credentials, one for each test: what is refused in it is refused for nobody else.
TWINS = ("shares", "refused", "limited", "content", "spent", "prefix", "rush")
TWIN_KEYS = [
    {"ref": "env:TEST_TWIN_A_KEY", "weight": 3, "label": "first"},
    {"ref": "env:TEST_TWIN_B_KEY", "weight": 1, "label": "second"},
]
FRAIL = ("probed", "shared", "refused", "blameless", "asked", "twice", "away", "tested")
FAULTS = (*STATUS_FAULTS, *sorted(WIRE_FAULTS))


def catalog_yaml(upstream_url: str) -> str:
    """The catalog as a file for `manage.py catalog load`."""
    catalog = {"providers": _providers(upstream_url), "models": [*_models(), *map(_fault_model, FAULTS)]}
    return yaml.safe_dump(catalog, sort_keys=False)


def _providers(url: str) -> list[dict[str, Any]]:
    return [
        _provider(url, "alpha", credential="env:TEST_ALPHA_KEY", prefill="prefix"),
        _provider(url, "beta", credential="env:TEST_BETA_KEY", prefill="final_message"),
        _provider(url, "gamma"),
        _provider(url, "drain", on_disconnect="drain"),
        _provider(url, "locked", credential="env:TEST_ABSENT_KEY"),
        _provider("http://127.0.0.1:1", "closed"),
        _provider(
            url, "pollen", "", dialect="pollinations", credential="env:TEST_POLLEN_KEY", prefill="partial"
        ),
        _provider(url, "claude", "", dialect="anthropic", credential="env:TEST_CLAUDE_KEY", prefill="turn"),
        _provider(url, "gem", "/v1beta", dialect="gemini", credential="env:TEST_GEM_KEY", prefill="turn"),
        *(_provider(url, f"twin-{name}", credentials=TWIN_KEYS) for name in TWINS),
    ]


def _provider(url: str, slug: str, path: str = "/v1", **more: Any) -> dict[str, Any]:
    address = f"{url}/p/{slug}{path}"
    return {"slug": slug, "name": slug.title(), "dialect": "openai", "base_url": address, **more}


def _models() -> list[dict[str, Any]]:
    three = [
        _endpoint("alpha", "alpha-three", "1.00", "3.00", priority=1),
        _endpoint("beta", "beta-three", "0.50", "2.00", priority=2),
        _endpoint("gamma", "gamma-three", "2.00", "6.00", priority=3),
    ]
    return [
        *_picture_models(),
        *_film_models(),
        *map(_frail_model, FRAIL),
        *(model for name in TWINS for model in _twin_models(name)),
        _model("test/one", _endpoint("alpha", "alpha-one", "1.00", "3.00", cached_input="0.25")),
        _model("test/echo", _endpoint("alpha", "echo", "1.00", "3.00"), capabilities=["tools"]),
        _model("test/three", *three, name="Test Three", aliases=["three of them", "t3"]),
        _model("test/free", _endpoint("alpha", "alpha-free", "1.00", "3.00"), free=True),
        _model("test/dear", _endpoint("alpha", "alpha-dear", "15.00", "150.00")),
        _model("test/grand", _endpoint("alpha", "alpha-grand", "75.00", "150.00")),
        _model("test/small", _endpoint("alpha", "alpha-small", "1.00", "3.00"), context_window=512),
        _model("test/drain", _endpoint("drain", "drain-one", "1.00", "3.00")),
        _model("test/locked", _endpoint("locked", "locked-one", "1.00", "3.00")),
        _model("test/closed", _endpoint("closed", "closed-one", "1.00", "3.00")),
        _model(
            "test/refuge",
            _endpoint("closed", "closed-two", "1.00", "3.00", priority=1),
            _endpoint("beta", "beta-refuge", "1.00", "3.00", priority=2),
        ),
        _model("test/slow-limit", _endpoint("alpha", "alpha-limit", "1.00", "3.00"), rpm=3),
        _model("test/claude", _claude("claude-one")),
        _model("test/gemini", _endpoint("gem", "gemini-2.5-flash-one", "1.00", "3.00", cached_input="0.25")),
        _model("test/claude-old", _claude("claude-sonnet-4-5")),
        _model("test/gemini-3", _endpoint("gem", "gemini-3-pro-test", "1.00", "3.00")),
        _model(
            "test/any",
            _endpoint("alpha", "alpha-any", "1.00", "3.00", priority=1),
            _claude("claude-any", priority=2),
            _endpoint("gem", "gemini-any", "2.00", "6.00", priority=3),
        ),
        _model("test/relay", *_relayed()),
        *_clever_models(),
        _model("test/embed", *_embedders(), **_EMBEDDER),
        _model("test/embed-gemini", _endpoint("gem", "gemini-embedding-test", "1.00", "0"), **_EMBEDDER),
        _model("test/moderate", _endpoint("alpha", "alpha-moderate", "0", "0"), modality="moderation"),
        _model("test/speak", *_speakers(), modality="speech"),
        _model("test/hear", *_listeners(), modality="transcription"),
        _model("test/old", _endpoint("alpha", "alpha-old", "1.00", "3.00"), replaced_by="test/one"),
    ]


def _relayed() -> list[dict[str, Any]]:
    """One endpoint of each dialect that goes on with another's answer, and at last one that can't."""
    return [
        _endpoint("alpha", "alpha-relay", "1.00", "3.00", priority=1),
        _claude("claude-sonnet-4-5", priority=2),
        _endpoint("gem", "gemini-2.5-flash-relay", "2.00", "6.00", priority=3),
        _endpoint("pollen", "pollen-relay", "4.00", "4.00", priority=4),
        _endpoint("beta", "beta-relay", "0.50", "2.00", priority=5),
        _endpoint("gamma", "gamma-relay", "1.00", "3.00", priority=6),
    ]


def _clever_models() -> list[dict[str, Any]]:
    """Two of each dialect that call tools and fill in schemas by themselves."""
    endpoints = {
        "openai": _endpoint("alpha", "clever", "1.00", "3.00", cached_input="0.25"),
        "anthropic": _claude("claude-clever"),
        "gemini": _endpoint("gem", "gemini-2.5-clever", "1.00", "3.00", cached_input="0.25"),
    }
    return [
        _model(f"clever/{dialect}{suffix}", endpoint)
        for dialect, endpoint in endpoints.items()
        for suffix in ("", "-too")
    ]


_EMBEDDER = {"modality": "embedding", "context_window": 512}


def _embedders() -> list[dict[str, Any]]:
    return [
        _endpoint("alpha", "alpha-embed", "1.00", "0", priority=1),
        _endpoint("beta", "beta-embed", "2.00", "0", priority=2),
    ]


def _frail_model(name: str) -> dict[str, Any]:
    """For one test of health alone: who rests in it rests for nobody else."""
    return _model(
        f"test/frail-{name}",
        _endpoint("alpha", f"alpha-frail-{name}", "1.00", "3.00", priority=1),
        _endpoint("beta", f"beta-frail-{name}", "1.00", "3.00", priority=2),
    )


def _twin_models(name: str) -> list[dict[str, Any]]:
    """Two models of a provider with two credentials; somebody else stands behind the first one."""
    return [
        _model(
            f"test/twin-{name}",
            _endpoint(f"twin-{name}", f"twin-{name}", "1.00", "3.00", priority=1),
            _endpoint("beta", f"beta-twin-{name}", "1.00", "3.00", priority=2),
        ),
        _model(f"test/twin-{name}-too", _endpoint(f"twin-{name}", f"twin-{name}-too", "1.00", "3.00")),
    ]


def _picture_models() -> list[dict[str, Any]]:
    dear, cheap = {"input": "5.00", "image": "0.04"}, {"image": "0.003"}
    image = {"price_usd": dear}
    paint = {"price_usd": cheap}
    return [
        _picture("test/image", _endpoint("alpha", "gpt-image-test", "0", "0") | image, max_side_px=2048),
        _picture("test/draw", _endpoint("alpha", "paint-draw", "0", "0") | paint, max_side_px=2048),
        _picture("test/free-paint", _endpoint("pollen", "paint-free", "0", "0") | paint, free=True),
        _picture("test/draw-gemini", _endpoint("gem", "gemini-3-draw-image", "0", "0") | image),
        _picture("test/paint", _endpoint("pollen", "paint-flux", "0", "0") | paint, max_side_px=2048),
        _picture(
            "test/canvas",
            _endpoint("pollen", "paint-canvas", "0", "0", priority=1) | paint,
            _endpoint("alpha", "paint-canvas", "0", "0", priority=2) | image,
        ),
        _model("test/pollen", _endpoint("pollen", "pollen-one", "1.00", "3.00")),
    ]


def _film_models() -> list[dict[str, Any]]:
    second, cheap = {"price_usd": {"second": "0.10"}}, {"price_usd": {"second": "0.05"}}
    return [
        _film("test/video", _endpoint("alpha", "sora-test", "0", "0") | second),
        _film("test/reel", _endpoint("pollen", "veo-test", "0", "0") | second),
        _film(
            "test/films",
            _endpoint("alpha", "sora-films", "0", "0", priority=1) | second,
            _endpoint("beta", "sora-films", "0", "0", priority=2) | cheap,
        ),
        _film("test/free-video", _endpoint("alpha", "sora-free", "0", "0") | second, free=True),
    ]


def _film(slug: str, *endpoints: dict[str, Any], **more: Any) -> dict[str, Any]:
    more = {"modality": "video", "max_duration_s": 8, "max_side_px": 1920} | more
    return _picture(slug, *endpoints, **{"default_size": "1280x720"} | more)


def _picture(slug: str, *endpoints: dict[str, Any], **more: Any) -> dict[str, Any]:
    plain = {"modality": "image", "context_window": 0, "max_output_tokens": None, "capabilities": []}
    return _model(slug, *endpoints, **plain | {"default_size": "1024x1024"} | more)


def _speakers() -> list[dict[str, Any]]:
    return [
        _endpoint("alpha", "alpha-speak", "0", "0", priority=1) | {"price_usd": {"character": "15.00"}},
        _endpoint("beta", "beta-speak", "0", "0", priority=2) | {"price_usd": {"character": "30.00"}},
    ]


def _listeners() -> list[dict[str, Any]]:
    return [
        _endpoint("alpha", "alpha-hear", "0", "0", priority=1) | {"price_usd": {"second": "0.0001"}},
        _endpoint("beta", "beta-hear", "0", "0", priority=2) | {"price_usd": {"second": "0.0002"}},
    ]


def _claude(upstream_name: str, **more: Any) -> dict[str, Any]:
    written = {"cached_input": "0.30", "cache_write_5m": "3.75", "cache_write_1h": "6.00"}
    endpoint = _endpoint("claude", upstream_name, "3.00", "15.00", **more)
    return endpoint | {"price_usd": endpoint["price_usd"] | written}


def _fault_model(fault: str) -> dict[str, Any]:
    return _model(f"fault/{fault}", _endpoint("alpha", f"fault-{fault}", "1.00", "3.00"))


def _model(slug: str, *endpoints: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "id": slug,
        "name": slug,
        "modality": "chat",
        "category": "third_party",
        "context_window": 128_000,
        "max_output_tokens": 4096,
        "capabilities": ["tools", "vision", "json", "reasoning"],
        "endpoints": list(endpoints),
    } | more


def _endpoint(provider: str, upstream_name: str, fresh: str, out: str, **more: Any) -> dict[str, Any]:
    prices = {"input": fresh, "output": out} | (
        {"cached_input": more.pop("cached_input")} if "cached_input" in more else {}
    )
    return {
        "provider": provider,
        "upstream_name": upstream_name,
        "price_usd": prices,
        "markup": "routing_fee",
        "priority": 1,
    } | more
