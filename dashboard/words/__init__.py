"""How many tokens a thousand words are, by language and tokenizer, so that a price can be told per word.

Measured on a small corpus (corpus/, the same five passages in three languages) by measure.py and kept in
ratios.json: nothing is counted while a page is made. A tokenizer that isn't public can't be measured: the
price is then told by FALLBACK's count and labelled so.
"""

from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Final

import orjson

from billing.money import ceil_div

FALLBACK: Final = "o200k_base"
LANGUAGES: Final = ("uz", "ru", "en")
HOME: Final = Path(__file__).parent
RATIOS: Final = HOME / "ratios.json"


@dataclass(frozen=True, slots=True)
class Ratio:
    """`tokens`: of 1,000 words by language. own: by the model's own tokenizer, not by FALLBACK's."""

    tokenizer: str
    own: bool
    measured: date
    tokens: dict[str, int]


def ratio(tokenizer: str) -> Ratio:
    """What is known of a model that counts with this tokenizer; '' or an unknown one gets FALLBACK's."""
    measured, known = _ratios()
    name = tokenizer if tokenizer in known else FALLBACK
    return Ratio(name, name == tokenizer, measured, known[name])


def of_1000_words(price_micros: int, tokens: int) -> int:
    """Micros for a thousand words at a price of micros per 10^6 tokens; rounded up, as a charge is."""
    return ceil_div(price_micros * tokens, 10**6)


@cache
def _ratios() -> tuple[date, dict[str, dict[str, int]]]:
    said = orjson.loads(RATIOS.read_bytes())
    return date.fromisoformat(said["measured"]), said["tokens_of_1000_words"]
