"""Counting tokens without asking anybody: for estimates only, a report of the upstream always wins.

o200k is OpenAI's encoding since GPT-4o. Other vendors' tokenizers aren't public or differ by
model and make about as many tokens of the same text: what is charged by this count is labelled an estimate.
"""

from functools import cache
from typing import Final

import splintr

_ENCODING: Final = "o200k_base"


def count(text: str) -> int:
    """Tokens of a text, special tokens taken as plain text."""
    return len(_tokenizer().encode_ordinary(text)) if text else 0


@cache
def _tokenizer() -> splintr.AnyTokenizer:
    """Takes 70 ms the first time: warm it before the first call waits for it."""
    return splintr.Tokenizer.from_pretrained(_ENCODING)


def warm() -> None:
    """Loads the encoding, and takes the 13 MB that its first long text costs once."""
    count("salom dunyo " * 5_000)
