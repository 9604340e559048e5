"""The catalog that CloudAPI ships: what the product descriptions promise must be in it."""

from pathlib import Path

import pytest
from django.core.management import call_command

from routing.catalog.entries import Entries, ModelEntry
from routing.catalog.parse import parse
from routing.names import fold

FILE = Path(__file__).parents[2] / "routing" / "catalog" / "models.yaml"

# CloudGPT's documentation: id, name, context window in tokens.
CHAT = """
openai | OpenAI GPT-4o | 128000
openai-fast | GPT-4o Mini | 128000
openai-large | GPT-4.5 | 128000
claude | Claude 3.5 Sonnet | 200000
claude-fast | Claude 3 Haiku | 200000
gemini | Gemini 2.0 Flash | 1000000
gemini-large | Gemini 2.5 Pro | 2000000
deepseek | DeepSeek V3 | 64000
grok | Grok 3 | 128000
mistral | Mistral Large | 128000
qwen-coder | Qwen 2.5 Coder | 32000
perplexity-fast | Perplexity Fast | 128000
perplexity-reasoning | Perplexity Reasoning | 128000
kimi-k2-thinking | Kimi K2 Thinking | 128000
nova-micro | Nova Micro | 128000
chickytutor | ChickyTutor | 128000
midijourney | Midijourney | 128000
mapleai-gpt4o | MapleAI GPT-4o | 128000
mapleai-claude | MapleAI Claude | 200000
mapleai-gemini | MapleAI Gemini | 1000000
"""
IMAGES = """
kontext | Kontext
turbo | Turbo
nanobanana | Nanobanana
nanobanana-pro | Nanobanana Pro
seedream | Seedream
seedream-pro | Seedream Pro
gptimage | GPT Image
gptimage-large | GPT Image Large
flux | Flux
zimage | Z-Image
mapleai-dalle | MapleAI DALL-E
mapleai-flux | MapleAI Flux
"""
VIDEOS = """
veo | Veo | 8
seedance | Seedance | 10
seedance-pro | Seedance Pro | 10
mapleai-veo | MapleAI Veo | 8
"""
# What CloudGPT gives to everybody, also without a key.
GIVEN = ("openai", "openai-fast", "flux", "turbo", "seedance")
# Names that the other descriptions use in their examples.
OTHERS = [
    *("openai/gpt-4o", "anthropic/claude-3.5-sonnet"),  # CloudAPI
    *("GPT 4o", "DeepSeek V3", "Llama 3.1 8B", "Minimax M2.5", "Claude 3.5 Sonnet"),  # CLōD
    *("gpt-4o", "claude-3-5-sonnet", "gemini-1-5-pro", "text-embedding-3"),  # CheapAI
]
# Open models that sites of ours run.
ESTIMATED = ("DeepSeek V3", "Minimax M2.5")
HOSTED = (
    *("Llama 3.1 8B", "meta-llama/llama-3.1-70b-instruct", "Llama 3.3 70B", "Qwen3 32B", "gpt-oss 120B"),
    *ESTIMATED,
)
# These two display names belong to the models that CLōD sells under them.
SHARED = {"claude": "anthropic/claude-3.5-sonnet", "deepseek": "deepseek/deepseek-v3"}


def rows(table: str) -> list[list[str]]:
    return [line.split(" | ") for line in table.strip().splitlines()]


@pytest.fixture(scope="module")
def catalog() -> Entries:
    entries = parse([(FILE.name, FILE.read_text())])
    assert entries.problems == ()
    return entries


@pytest.fixture(scope="module")
def names(catalog: Entries) -> dict[str, ModelEntry]:
    return {fold(name): model for model in catalog.models for name in model.spellings}


def test_there_are_enough_models_and_enough_free_ones(catalog: Entries) -> None:
    on_sale = [model for model in catalog.models if not model.replaced_by and model.endpoints]
    assert len(on_sale) >= 120
    free = [model for model in on_sale if model.free]
    assert len(free) >= 30
    ours = [model for model in free if model.id.startswith("cloudapi/")]
    others = [model for model in free if model.id not in GIVEN and model not in ours]
    assert {model.modality for model in others} <= {"chat", "embedding"}
    assert {model.category for model in others} == {"hosted"}  # open weights
    assert set(GIVEN) <= {model.id for model in free}


@pytest.mark.parametrize(("id", "name", "window"), rows(CHAT))
def test_cloudgpt_chat_models_show_their_window(
    names: dict[str, ModelEntry], id: str, name: str, window: str
) -> None:
    model = names[fold(id)]
    assert (model.id, model.modality, model.context_window) == (id, "chat", int(window))
    assert names[fold(name)].id == SHARED.get(id, id)


@pytest.mark.parametrize(("id", "name"), rows(IMAGES))
def test_cloudgpt_image_models_are_there(names: dict[str, ModelEntry], id: str, name: str) -> None:
    assert (names[fold(id)].id, names[fold(id)].name, names[fold(id)].modality) == (id, name, "image")


@pytest.mark.parametrize(("id", "name", "seconds"), rows(VIDEOS))
def test_cloudgpt_video_models_show_their_length(
    names: dict[str, ModelEntry], id: str, name: str, seconds: str
) -> None:
    model = names[fold(id)]
    assert (model.name, model.modality, model.max_duration_s) == (name, "video", int(seconds))


def test_both_names_of_veo_lead_to_it(names: dict[str, ModelEntry]) -> None:
    """CloudGPT's documentation has one in its answers and another in its table."""
    assert names[fold("Google Veo")].id == names[fold("Veo")].id == "veo"


def test_the_real_window_of_gemini_is_smaller_than_the_one_shown(names: dict[str, ModelEntry]) -> None:
    assert names["gemini-large"].endpoints[0].context_window == 1_048_576


@pytest.mark.parametrize("name", OTHERS)
def test_every_name_of_the_descriptions_resolves(names: dict[str, ModelEntry], name: str) -> None:
    model = names[fold(name)]
    while model.replaced_by:
        model = names[fold(model.replaced_by)]
    assert model.endpoints


def test_a_name_without_a_size_means_the_small_embedding_model(names: dict[str, ModelEntry]) -> None:
    assert names["text-embedding-3"].replaced_by == "openai/text-embedding-3-small"


@pytest.mark.parametrize(
    "name", ["GPT 4o", "Claude 3.5 Sonnet", "google/gemini-2.5-flash", "DeepSeek V3", "Llama 3.1 8B"]
)
def test_routing_has_something_to_choose(catalog: Entries, names: dict[str, ModelEntry], name: str) -> None:
    dialects = {provider.slug: provider.dialect for provider in catalog.providers}
    bought = [e for e in names[fold(name)].endpoints if e.hosting is None]
    spoken = [e for e in bought if dialects[e.provider] == "openai"]
    assert len({e.components["input"] + e.components["output"] for e in spoken}) >= 3


def test_every_chat_model_on_sale_has_an_endpoint_that_the_gateway_speaks_to(catalog: Entries) -> None:
    spoken = {provider.slug for provider in catalog.providers if provider.dialect == "openai"}
    silent = [
        model.id
        for model in catalog.models
        if model.modality == "chat"
        and not model.replaced_by
        and not any(e.provider in spoken for e in model.endpoints)
    ]
    assert silent == []


def test_open_models_are_hosted_at_sites_of_ours(names: dict[str, ModelEntry], catalog: Entries) -> None:
    """Beside the providers that sell them; what nobody has measured says that it is an estimate."""
    sites = {site.provider: site.values["country"] for site in catalog.sites}
    assert len(sites) == 4
    assert set(sites.values()) == {"US", "CA"}
    for name in HOSTED:
        endpoints = names[fold(name)].endpoints
        hosted = [endpoint for endpoint in endpoints if endpoint.hosting is not None]
        assert {endpoint.provider for endpoint in hosted} <= set(sites)
        assert 2 <= len(hosted) < len(endpoints)
        sources = {endpoint.hosting.values["source"] for endpoint in hosted if endpoint.hosting}
        assert [text.startswith("Estimate") for text in sources] == [name in ESTIMATED]


def test_replacements_lead_to_models_on_sale(names: dict[str, ModelEntry]) -> None:
    for model in names.values():
        if model.replaced_by:
            successor = names[fold(model.replaced_by)]
            assert successor.endpoints, model.id
            assert successor.modality == model.modality


def test_figures_are_sane(catalog: Entries) -> None:
    for model in catalog.models:
        if model.replaced_by or model.modality != "chat":
            continue
        assert model.context_window >= 4096, model.id
        for endpoint in model.endpoints:
            if endpoint.hosting is not None:
                continue
            components = endpoint.components
            assert 0 < components["input"] <= components["output"], model.id
            assert components.get("cached_input", 0) <= components["input"], model.id


def test_the_price_list_is_dated() -> None:
    assert 'prices_as_of: "2026-' in FILE.read_text()


def test_every_model_is_described_in_three_languages(catalog: Entries) -> None:
    for model in catalog.models:
        words = ["description"] if model.replaced_by else ["description", "strengths", "weaknesses"]
        assert model.creator, model.id
        for word in words:
            texts = [getattr(model, word), *(model.wordings.get(name, {}).get(word) for name in ("uz", "ru"))]
            assert all(texts), (model.id, word, texts)


def test_uzbek_is_written_with_its_own_letters(catalog: Entries) -> None:
    for model in catalog.models:
        for text in model.wordings["uz"].values():
            assert not {"'", "\u2018", "\u2019", "`"} & set(text), (model.id, text)


def test_russian_is_written_in_cyrillic(catalog: Entries) -> None:
    for model in catalog.models:
        text = model.wordings["ru"]["description"]
        assert any("а" <= letter <= "я" for letter in text) or text == f"{model.description}.", model.id


def test_the_documents_made_of_it_are_up_to_date():
    """Else: manage.py catalog docs."""
    call_command("catalog", "docs", "--check", skip_checks=True)
