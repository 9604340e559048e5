"""USD prices to integers and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.catalog.amounts import from_nano, to_nano


def test_tokens_are_priced_per_million_and_images_each() -> None:
    assert to_nano("input", "2.50") == 2_500_000_000
    assert to_nano("character", "15") == 15_000_000_000
    assert to_nano("image", "0.04") == 40_000_000_000_000
    assert to_nano("second", "0.0001") == 100_000_000_000
    assert to_nano("request", "0") == 0


@pytest.mark.parametrize(
    "text",
    [
        "-1",
        "NaN",
        "Infinity",
        "1e3",
        "",
        " ",
        "1,5",
        "0x10",
        "1_000",
        "٣",
        ".5",
        "1.",
        "9" * 13,
        "0.0000000001",
    ],
)
def test_what_is_no_exact_price_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="price|fine|number"):
        to_nano("input", text)


def test_a_price_that_no_wallet_could_hold_is_refused() -> None:
    with pytest.raises(ValueError, match="too high"):
        to_nano("image", "101")


@given(nano=st.integers(0, 10**17), component=st.sampled_from(["input", "image"]))
def test_every_stored_price_survives_export_and_load(nano: int, component: str) -> None:
    assert to_nano(component, from_nano(component, nano)) == nano
