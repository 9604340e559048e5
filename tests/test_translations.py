"""The Uzbek and Russian catalogues: complete, compiled, and in step with the sources."""

import shutil

import pytest

from deploy.local.translations import LANGUAGES, entries, problems
from tests.embedded import ROOT

needs_gettext = pytest.mark.skipif(shutil.which("xgettext") is None, reason="gettext is not installed")


def po(language: str) -> str:
    return (ROOT / "locale" / language / "LC_MESSAGES" / "django.po").read_text(encoding="utf-8")


@needs_gettext
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_marked_text_is_translated_and_compiled(language: str) -> None:
    assert list(problems(language)) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_entry_is_fuzzy_or_empty(language: str) -> None:
    found = list(entries(ROOT / "locale" / language / "LC_MESSAGES" / "django.po"))
    assert len(found) > 300
    assert [entry.msgid for entry in found if entry.fuzzy or not all(entry.texts)] == []


def test_uzbek_uses_its_own_letters() -> None:
    """oʻ and gʻ are written with U+02BB, the glottal stop with U+02BC; never with an apostrophe."""
    texts = [text for entry in entries(ROOT / "locale/uz/LC_MESSAGES/django.po") for text in entry.texts]
    assert [text for text in texts if "'" in text or "‘" in text or "’" in text] == []


def test_placeholders_survive_translation() -> None:
    for language in LANGUAGES:
        for entry in entries(ROOT / "locale" / language / "LC_MESSAGES" / "django.po"):
            if entry.msgid and entry.plural is None:
                assert names(entry.texts[0]) == names(entry.msgid), entry.msgid


def names(text: str) -> set[str]:
    """The %(…)s of a text."""
    return {part.split(")")[0] for part in text.split("%(")[1:]}
