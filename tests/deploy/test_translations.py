"""The translations check sees what it must, and its .mo files are what gettext's own are."""

import gettext
import shutil
import subprocess
from pathlib import Path

import pytest

from deploy.local import translations
from deploy.local.translations import compiled, entries, problems

PO = """msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"

#: a.py:1
msgid "Wallet"
msgstr "Hamyon"

msgctxt "verb"
msgid "Top up"
msgstr ""
"To"
"ʻldirish"

#, python-format
msgid "%(n)s key"
msgid_plural "%(n)s keys"
msgstr[0] "%(n)s kalit"
msgstr[1] "%(n)s kalitlar"

#~ msgid "Gone"
#~ msgstr "Ketgan"
"""


@pytest.fixture
def po(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with one complete catalogue; what the sources mark is out of the question here."""
    monkeypatch.setattr(translations, "CHECKOUT", tmp_path)
    monkeypatch.setattr(translations, "_marked", lambda language: set())
    path = tmp_path / "locale" / "uz" / "LC_MESSAGES" / "django.po"
    path.parent.mkdir(parents=True)
    path.write_text(PO)
    path.with_suffix(".mo").write_bytes(compiled(list(entries(path))))
    return path


def test_our_own_mo_speaks(po: Path) -> None:
    with po.with_suffix(".mo").open("rb") as stream:
        found = gettext.GNUTranslations(stream)
    assert found.gettext("Wallet") == "Hamyon"
    assert found.pgettext("verb", "Top up") == "Toʻldirish"
    assert found.ngettext("%(n)s key", "%(n)s keys", 2) == "%(n)s kalitlar"
    assert list(problems("uz")) == []


def test_entries_that_a_merge_glued_together_are_still_two(po: Path) -> None:
    apart = list(entries(po))
    po.write_text(PO.replace("\n\n", "\n"))
    assert list(entries(po)) == apart


def test_the_mo_of_gettext_is_accepted_too(po: Path) -> None:
    if not shutil.which("msgfmt"):
        pytest.skip("gettext is not installed")
    subprocess.run(["msgfmt", "-o", po.with_suffix(".mo"), po], check=True)
    assert list(problems("uz")) == []


@pytest.mark.parametrize(
    ("old", "new"), [('"Hamyon"', '""'), ("#: a.py:1", "#, fuzzy"), ('"%(n)s kalitlar"', '""')], ids=str
)
def test_what_is_not_translated_is_named(po: Path, old: str, new: str) -> None:
    po.write_text(PO.replace(old, new))
    assert any("not translated" in problem for problem in problems("uz"))


def test_a_changed_po_wants_a_new_mo(po: Path) -> None:
    po.write_text(PO.replace("Hamyon", "Karmon"))
    assert any("does not match" in problem for problem in problems("uz"))


def test_a_marked_text_must_be_in_the_catalogue(po: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(translations, "_marked", lambda language: {(None, "Receipt"), (None, "Wallet")})
    monkeypatch.setattr(shutil, "which", lambda name: "/usr/bin/xgettext")
    assert [problem for problem in problems("uz") if "Receipt" in problem]
    assert not [problem for problem in problems("uz") if "Wallet" in problem]


def test_a_catalogue_for_scripts_is_looked_at_too(po: Path) -> None:
    scripts = po.with_name("djangojs.po")
    scripts.write_text(PO.replace('"Hamyon"', '""'))
    told = list(problems("uz"))
    assert len(told) == 2 and all(str(scripts.with_suffix("")) in problem for problem in told)
    scripts.write_text(PO)
    assert translations.main(["compile"]) == 0
    assert list(problems("uz")) == []
