"""Numbers and moments put together quickly say what Django's own formats say, in every language."""

from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

import pytest
from django.utils.formats import date_format, number_format
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st

from dashboard import digits
from dashboard.moments import TASHKENT
from dashboard.templatetags.money import plain_uzs

LANGUAGES = st.sampled_from(["uz", "ru", "en"])


@given(LANGUAGES, st.integers(-(10**19), 10**19))
def test_whole_numbers_are_grouped_as_django_groups_them(language: str, number: int) -> None:
    with override(language):
        assert digits.grouped(number) == number_format(number, 0, force_grouping=True)


@given(LANGUAGES, st.integers(-(10**19), 10**19) | st.integers(-2_000_000, 2_000_000))
def test_amounts_are_rounded_half_up_and_small_ones_exact(language: str, micros: int) -> None:
    places = 2
    if 0 < abs(micros) < 1_000_000:
        places = max(2, len(f"{abs(micros):06d}".rstrip("0")))
    amount = Decimal(micros).scaleb(-6).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    with override(language):
        assert plain_uzs(micros) == number_format(amount, places, force_grouping=True)


@pytest.mark.parametrize("language", ["uz", "ru", "en"])
@pytest.mark.parametrize(
    "form",
    [
        "d.m.Y",
        "d.m H:i",
        "m.Y",
        "d.m H:i:s",
        "d.m g:i A",
        "j E Y",
        "j M Y, H:i",
        "M Y",
        "SHORT_DATE_FORMAT",
        "H:i %",
        "H\\h",
    ],
)
def test_moments_are_those_of_djangos_forms(language: str, form: str) -> None:
    for at in (
        datetime(2026, 1, 2, 3, 4, 5, tzinfo=TASHKENT),
        datetime(2025, 12, 31, 23, 59, tzinfo=TASHKENT),
    ):
        with override(language):
            assert digits.moment(at, form) == date_format(at, form)
