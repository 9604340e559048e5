"""Catalog files with mistakes: each is told with its line, all at once."""

import pytest

from routing.catalog.parse import parse

GOOD = """\
providers:
  - {slug: local, name: X, dialect: openai, base_url: "http://127.0.0.1:9100/v1", credential: "env:LOCAL_KEY"}
models:
  - id: openai/gpt-4o
    name: GPT 4o
    aliases: [gpt-4o]
    modality: chat
    category: third_party
    free: false
    rpm: 600
    context_window: 128000
    max_output_tokens: 16384
    capabilities: [tools, vision, json]
    endpoints:
      - provider: local
        upstream_name: gpt-4o
        price_usd: {input: "2.50", cached_input: "1.25", output: "10.00"}
        markup: routing_fee
        priority: 1
"""


SINGLE = 'credential: "env:LOCAL_KEY"'


def problems(text: str) -> list[str]:
    return list(parse([("f.yaml", text)]).problems)


def test_the_documented_entry_is_read_in_full() -> None:
    entries = parse([("f.yaml", GOOD)])
    assert entries.problems == ()
    (provider,), (model,) = entries.providers, entries.models
    (credential,) = provider.credentials
    assert (credential.label, credential.weight) == ("main", 1)
    assert (provider.slug, provider.base_url, credential.ref) == (
        "local",
        "http://127.0.0.1:9100/v1",
        "env:LOCAL_KEY",
    )
    assert (model.id, model.name, model.aliases, model.rpm) == ("openai/gpt-4o", "GPT 4o", ("gpt-4o",), 600)
    (endpoint,) = model.endpoints
    assert endpoint.components == {
        "input": 2_500_000_000,
        "cached_input": 1_250_000_000,
        "output": 10_000_000_000,
    }
    assert endpoint.markup == "routing_fee"


@pytest.mark.parametrize(
    ("old", "new", "line", "word"),
    [
        ("name: GPT 4o", "nmae: GPT 4o", 5, "unknown key 'nmae'"),
        ("name: GPT 4o", "name: GPT@4o", 5, "'@'"),
        ("name: GPT 4o", "name: 4.5", 5, "string"),
        ("name: GPT 4o", "name: GPT 4o\n    name: again", 6, "twice"),
        ("modality: chat", "modality: chta", 7, "modality"),
        ("category: third_party", "category: thirdparty", 8, "category"),
        ("free: false", "free: maybe", 9, "free"),
        ("rpm: 600", "rpm: 0", 10, "rpm"),
        ("context_window: 128000", "context_window: 128k", 11, "context_window"),
        ("max_output_tokens: 16384", "max_output_tokens: -1", 12, "max_output_tokens"),
        ("capabilities: [tools, vision, json]", "capabilities: tools", 13, "list"),
        ('input: "2.50"', "input: 2.50", 17, "quotes"),
        ('input: "2.50"', 'input: "-2.50"', 17, "not a price"),
        ('input: "2.50"', 'input: "NaN"', 17, "not a price"),
        ('input: "2.50"', "input: .nan", 17, "quotes"),
        ('input: "2.50", ', "", 17, "no 'input'"),
        ('cached_input: "1.25"', 'cachedinput: "1.25"', 17, "unknown key 'cachedinput'"),
        ("markup: routing_fee", "markup: 5", 18, "markup"),
        ("markup: routing_fee", "markup: none", 18, "markup"),
        ("priority: 1", "priority: first", 19, "priority"),
        ("dialect: openai", "dialect: opnai", 2, "dialect"),
        ("http://127.0.0.1:9100/v1", "ftp://127.0.0.1/v1", 2, "http"),
        ("http://127.0.0.1:9100/v1", "http://user:pw@127.0.0.1/v1", 2, "http"),
        ("http://127.0.0.1:9100/v1", "http://127.0.0.1:99999/v1", 2, "http"),
        ("env:LOCAL_KEY", "sk-something", 2, "env:NAME"),
        (SINGLE, 'credentials: [{ref: "sk-something"}]', 2, "env:NAME"),
        (SINGLE, "credentials: [{weight: 3}]", 2, "ref is missing"),
        (SINGLE, 'credentials: [{ref: "env:A", weight: -1}]', 2, "weight"),
        (SINGLE, 'credentials: [{ref: "env:A", weight: 1001}]', 2, "1000 at most"),
        (SINGLE, 'credentials: [{ref: "env:A", secret: "sk-1"}]', 2, "unknown key 'secret'"),
        (SINGLE, 'credentials: [{ref: "env:A", label: a}, {ref: "env:A", label: b}]', 2, "the same ref"),
        (SINGLE, 'credentials: [{ref: "env:A", label: a}, {ref: "env:B", label: a}]', 2, "the same label"),
        (SINGLE, f'{SINGLE}, credentials: [{{ref: "env:B"}}]', 2, "either credential or credentials"),
        (SINGLE, "credentials: all", 2, "list"),
        ("aliases: [gpt-4o]", "aliases: [gpt-4o, GPT-4o]", 6, "twice"),
        ("aliases: [gpt-4o]", "aliases: [4]", 6, "strings"),
    ],
)
def test_a_mistake_is_told_with_its_line(old: str, new: str, line: int, word: str) -> None:
    assert old in GOOD
    (problem,) = problems(GOOD.replace(old, new, 1))
    assert problem.startswith(f"f.yaml:{line}: ")
    assert word in problem


def test_all_mistakes_are_told_at_once() -> None:
    text = (
        GOOD.replace("modality: chat", "modality: chta")
        .replace("rpm: 600", "rpm: many")
        .replace('"2.50"', "2.5")
    )
    assert sorted(problem.split(":")[1] for problem in problems(text)) == ["10", "17", "7"]


def test_two_models_cannot_share_a_name_however_it_is_spelt() -> None:
    text = GOOD + "  - {id: other/model, name: Other, aliases: [GPT-4O]}\n"
    (problem,) = problems(text)
    assert problem.startswith("f.yaml:20: ")
    assert "'gpt-4o' already belongs to 'openai/gpt-4o' (f.yaml:4)" in problem


def test_names_clash_across_files_too() -> None:
    found = parse([("a.yaml", GOOD), ("b.yaml", "models:\n  - {id: x/y, name: gpt 4O}\n")]).problems
    assert found == ("b.yaml:2: 'x/y': the name 'gpt 4o' already belongs to 'openai/gpt-4o' (a.yaml:4)",)


@pytest.mark.parametrize("text", ["", "- a", "a: [", "providers: {}", "models: 3", "x: 1", "\t- :"])
def test_a_file_that_is_no_catalog_is_refused(text: str) -> None:
    found = problems(text)
    assert found
    assert all(problem.startswith("f.yaml:") for problem in found)


def test_long_prompts_may_cost_more() -> None:
    text = GOOD.replace(
        "priority: 1", 'priority: 1\n        above_input: [{over: 200000, price_usd: {input: "5"}}]'
    )
    (model,) = parse([("f.yaml", text)]).models
    assert model.endpoints[0].above_input == ((200_000, {"input": 5_000_000_000}),)
