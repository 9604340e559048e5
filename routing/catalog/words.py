"""What a catalog file says about a model: a text is English, or one text for each language. Pure."""

from typing import Final

import yaml

from routing.catalog.nodes import Fields

WORDS: Final = ("description", "strengths", "weaknesses")
ENGLISH: Final = "en"
LANGUAGES: Final = (ENGLISH, "uz", "ru")


def wordings(fields: Fields) -> dict[str, dict[str, str]]:
    """Language → word → text. `strengths: "Speed"` is English, `strengths: {en: …, uz: …, ru: …}` is all."""
    found: dict[str, dict[str, str]] = {}
    for word in WORDS:
        for language, text in _texts(fields, word).items():
            if text:
                found.setdefault(language, {})[word] = text
    return found


def _texts(fields: Fields, word: str) -> dict[str, str]:
    node = fields.keys.get(word)
    if not isinstance(node, yaml.MappingNode):
        return {ENGLISH: fields.text(word)}
    label = f"{fields.label}: {word}"
    each = Fields(fields.reader, node, label, fields.reader.mapping(node, label, LANGUAGES))
    if ENGLISH not in each.keys:
        fields.wrong(word, f"{word} has no '{ENGLISH}', which is shown where a language is missing")
    return {language: each.text(language) for language in each.keys}
