"""Amounts in words say the amount: worked examples, and each word sum read back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.papers import words
from dashboard.papers.words import TIYIN_MAX, amount_in_words

EXAMPLES = [
    (0, "uz", "nol soʻm 00 tiyin"),
    (0, "ru", "ноль сумов 00 тийинов"),
    (0, "en", "zero soʻm 00 tiyin"),
    (100_00, "uz", "bir yuz soʻm 00 tiyin"),
    (1_000_00, "uz", "bir ming soʻm 00 tiyin"),
    (
        1_250_317_50,
        "uz",
        "bir million ikki yuz ellik ming uch yuz oʻn yetti soʻm 50 tiyin",
    ),
    (
        1_250_317_50,
        "ru",
        "один миллион двести пятьдесят тысяч триста семнадцать сумов 50 тийинов",
    ),
    (
        1_250_317_50,
        "en",
        "one million two hundred fifty thousand three hundred seventeen soʻm 50 tiyin",
    ),
    (21_001_01, "ru", "двадцать одна тысяча один сум 01 тийин"),
    (2_002_002_02, "ru", "два миллиона две тысячи два сума 02 тийина"),
    (111_011_11, "ru", "сто одиннадцать тысяч одиннадцать сумов 11 тийинов"),
    (99_04, "en", "ninety-nine soʻm 04 tiyin"),
    (9_000_000_000_000_00, "uz", "toʻqqiz trillion soʻm 00 tiyin"),
]


@pytest.mark.parametrize(("tiyin", "language", "said"), EXAMPLES)
def test_an_amount_is_written_as_a_bookkeeper_would(tiyin: int, language: str, said: str) -> None:
    assert amount_in_words(tiyin, language) == said


def _values(language: str) -> dict[str, int]:
    """What each word is worth; thousands and above are negative, as they close a group."""
    if language == "uz":
        small = [(words._UZ_UNITS, 1), (words._UZ_TENS, 10), (("", "yuz"), 100)]
        groups = [(name,) for name in words._UZ_GROUPS]
    elif language == "ru":
        small = [(words._RU_UNITS, 1), (words._RU_TENS, 10), (words._RU_HUNDREDS, 100)]
        groups = list(words._RU_GROUPS)
    else:
        small = [(words._EN_UNITS, 1), (words._EN_TENS, 10), (("", "hundred"), 100)]
        groups = [(name,) for name in words._EN_GROUPS]
    found = {word: place * step for names, step in small for place, word in enumerate(names) if word}
    found |= {name: -(1000**power) for power, names in enumerate(groups) if power for name in names}
    return found | {"одна": 1, "две": 2, "nol": 0, "ноль": 0, "zero": 0}


def _read(said: str, language: str) -> int:
    """The amount in tiyin that the words say."""
    *parts, _som, tiyin, _unit = said.replace("-", " ").split()
    values, total, group = _values(language), 0, 0
    for word in parts:
        value = values[word]
        if value < 0:
            total, group = total + group * -value, 0
        elif word in ("yuz", "hundred"):
            group *= 100
        else:
            group += value
    return (total + group) * 100 + int(tiyin)


@given(st.integers(0, TIYIN_MAX), st.sampled_from(["uz", "ru", "en"]))
def test_words_say_the_very_amount(tiyin: int, language: str) -> None:
    said = amount_in_words(tiyin, language)
    assert _read(said, language) == tiyin
    assert "  " not in said


@pytest.mark.parametrize("tiyin", [-1, TIYIN_MAX + 1])
def test_an_impossible_amount_has_no_words(tiyin: int) -> None:
    with pytest.raises(ValueError, match="words"):
        amount_in_words(tiyin, "en")
