"""What a thousand words cost: counted beforehand, with a public tokenizer, and never below the charge."""

from pathlib import Path

import pytest

from dashboard.words import FALLBACK, LANGUAGES, of_1000_words, ratio
from dashboard.words.measure import TOKENIZERS, measured, words
from routing.catalog.parse import parse

FILE = Path(__file__).parents[2] / "routing" / "catalog" / "models.yaml"


def test_the_stored_ratios_are_what_the_corpus_counts() -> None:
    assert {name: ratio(name).tokens for name in TOKENIZERS} == measured()


def test_a_word_ends_at_a_space_not_at_an_apostrophe() -> None:
    assert words("Oʻzbekiston – ko'p tilli, to'rt-besh so'z: 14-oktabr.") == 6
    assert words("It's 7 o'clock") == 3


@pytest.mark.parametrize("name", ["", "somebody's own"])
def test_a_tokenizer_that_is_not_public_is_counted_by_another_and_says_so(name: str) -> None:
    found = ratio(name)
    assert (found.tokenizer, found.own) == (FALLBACK, False)
    assert set(found.tokens) == set(LANGUAGES)


def test_a_price_per_word_is_rounded_up() -> None:
    assert of_1000_words(12_600_000_000, 1168) == 14_716_800
    assert of_1000_words(1, 1168) == 1
    assert of_1000_words(0, 1168) == 0


def test_the_shipped_catalog_names_only_tokenizers_that_were_measured() -> None:
    named = {model.tokenizer for model in parse([(FILE.name, FILE.read_text())]).models} - {""}
    assert named <= set(TOKENIZERS)
