"""Dates are written as the language does, and stay on one line where they must."""

from datetime import datetime

import pytest
from django.utils import translation
from django.utils.formats import date_format

NINTH = datetime(2026, 3, 9, 14, 5)  # noqa: DTZ001 - a clock's own words


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("DATE_FORMAT", "2026-yil 9-mart"),
        ("DATETIME_FORMAT", "2026-yil 9-mart, 14:05"),
        ("MONTH_DAY_FORMAT", "9-mart"),
        ("YEAR_MONTH_FORMAT", "2026-yil mart"),
    ],
)
def test_no_line_ends_at_a_hyphen_of_an_uzbek_date(name: str, told: str) -> None:
    with translation.override("uz"):
        assert date_format(NINTH, name).lower() == told.replace("-", "-\N{WORD JOINER}")
