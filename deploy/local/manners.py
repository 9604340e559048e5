"""Moderation of the media sandbox: a short list of words in three languages. Nothing here understands any.

It answers in the form of OpenAI's `omni-moderation-latest`, so that programs can be tried; it guards nobody.
Pictures are never looked at.
"""

import re
from typing import Any, Final

CATEGORIES: Final = (
    *("harassment", "harassment/threatening", "hate", "hate/threatening", "illicit", "illicit/violent"),
    *("self-harm", "self-harm/intent", "self-harm/instructions", "sexual", "sexual/minors"),
    *("violence", "violence/graphic"),
)
# Beginnings of words in English, Russian and Uzbek.
_WORDS: Final = {
    "harassment": "idiot moron идиот тупиц ahmoq tentak",
    "hate": "nazi нацист natsist",
    "illicit": "cocaine heroin наркотик героин giyohvand geroin",
    "self-harm": "suicid самоубий суицид",
    "sexual": "porn порно",
    "violence": "kill murder bomb убий убью взорв бомб oʻldir o'ldir bomba qotillik",
}
_FOUND: Final = {
    category: re.compile(rf"\b(?:{'|'.join(map(re.escape, words.split()))})", re.IGNORECASE)
    for category, words in _WORDS.items()
}
SURE, UNSURE = 0.9, 0.001


def judged(text: str) -> dict[str, Any]:
    """One of the answer's `results`."""
    found = {name: bool(name in _FOUND and _FOUND[name].search(text)) for name in CATEGORIES}
    return {
        "flagged": any(found.values()),
        "categories": found,
        "category_scores": {name: SURE if hit else UNSURE for name, hit in found.items()},
        "category_applied_input_types": {name: ["text"] for name in CATEGORIES},
    }


def texts(given: Any) -> list[str] | None:
    """What is to be judged: each text by itself, the parts of one message together; None if it is neither."""
    items = [given] if isinstance(given, str) else given
    if not isinstance(items, list) or not items:
        return None
    if all(isinstance(item, str) for item in items):
        return items
    if not all(isinstance(item, dict) for item in items):
        return None
    return [" ".join(str(item.get("text") or "") for item in items)]
