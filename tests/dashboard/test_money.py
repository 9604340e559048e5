"""Amounts as readers of three languages see them."""

import pytest
from django.utils.translation import override

from dashboard.templatetags.catalog import grouped, seconds, tokens
from dashboard.templatetags.money import percent, plain_uzs, signed_uzs, uzs


@pytest.mark.parametrize(
    ("language", "shown"),
    [("uz", "1 234 567,50 soʻm"), ("ru", "1 234 567,50 сум"), ("en", "1,234,567.50 UZS")],
)
def test_an_amount_is_grouped_and_has_its_unit(language: str, shown: str) -> None:
    with override(language):
        assert uzs(1_234_567_500_000).replace("\u00a0", " ") == shown


@pytest.mark.parametrize(
    ("micros", "shown"),
    [
        (0, "0.00"),
        (1, "0.000001"),
        (120_000, "0.12"),
        (123_400, "0.1234"),
        (999_999, "0.999999"),
        (1_000_000, "1.00"),
        (1_005_000, "1.01"),
        (10_380_001, "10.38"),
        (9_000_000_000_000_000_000, "9,000,000,000,000.00"),
    ],
)
def test_small_amounts_keep_their_digits(micros: int, shown: str) -> None:
    with override("en"):
        assert plain_uzs(micros) == shown


def test_nothing_is_a_dash() -> None:
    assert (uzs(None), plain_uzs(None), grouped(None), seconds(None)) == ("–", "–", "–", "–")


def test_a_movement_has_its_sign() -> None:
    with override("en"):
        assert (signed_uzs(5_000_000), signed_uzs(-5_000_000)) == ("+5.00", "−5.00")


def test_basis_points_are_per_cent() -> None:
    with override("en"):
        shown = [percent(bps) for bps in (0, 500, 1250, 3000, 10_000)]
    assert shown == ["0%", "5%", "12.5%", "30%", "100%"]
    with override("ru"):
        assert percent(1250) == "12,5\N{NO-BREAK SPACE}%"


def test_windows_and_times_are_short() -> None:
    with override("en"):
        times = [seconds(ms).replace("\u00a0", " ") for ms in (0, 999, 1000, 2437, 61_000)]
        assert [tokens(n) for n in (512, 128_000, 1_048_576)] == ["512", "128K", "1M"]
    for language, short in (("ru", ["128 тыс.", "1 млн"]), ("uz", ["128 ming", "1 mln"])):
        with override(language):
            assert [tokens(n).replace("\u00a0", " ") for n in (128_000, 1_048_576)] == short
    assert times == ["0 ms", "999 ms", "1.0 s", "2.4 s", "61.0 s"]
