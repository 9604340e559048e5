"""Spellings that must lead to the same model."""

import pytest

from routing.names import fold


@pytest.mark.parametrize(
    "spelling", ["GPT 4o", "gpt 4o", " GPT  4o ", "GPT\u00a04o", "\uff27\uff30\uff34 4o", "GPT\t4o\n"]
)
def test_case_width_and_white_space_do_not_matter(spelling: str) -> None:
    assert fold(spelling) == "gpt 4o"


def test_hyphens_and_slashes_do() -> None:
    assert len({fold(name) for name in ("GPT 4o", "gpt-4o", "openai/gpt-4o")}) == 3
