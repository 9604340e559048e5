"""Are the Uzbek and Russian catalogues complete, and do the committed .mo files say what the .po files say?

    python -m deploy.local.translations           check (nothing but Python needed)
    python -m deploy.local.translations compile   write the .mo files anew

Where gettext is installed, also: does each marked text of the source stand in the catalogues?
"""

import ast
import gettext
import os
import shutil
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from deploy.local.files import CHECKOUT

LANGUAGES = ("uz", "ru")


@dataclass(slots=True)
class Entry:
    """One message; `texts` has one translation per plural form."""

    msgid: str
    context: str | None
    plural: str | None
    texts: tuple[str, ...]
    fuzzy: bool

    @property
    def key(self) -> str:
        """The message's key in a .mo file."""
        key = self.msgid if self.plural is None else f"{self.msgid}\0{self.plural}"
        return key if self.context is None else f"{self.context}\4{key}"


def entries(po: Path) -> Iterator[Entry]:
    """Parse a .po file; obsolete entries (#~) are left out."""
    for block in _blocks(po.read_text(encoding="utf-8")):
        fields: dict[str, str] = {}
        name, fuzzy = "", False
        for line in block:
            if line.startswith("#"):
                fuzzy = fuzzy or (line.startswith("#,") and "fuzzy" in line)
                continue
            word, _, rest = line.partition(" ")
            if not line.startswith('"'):
                name, line = word, rest
            if name:
                fields[name] = fields.get(name, "") + str(ast.literal_eval(line))
        if "msgid" in fields:
            texts = tuple(text for name, text in fields.items() if name.startswith("msgstr"))
            yield Entry(fields["msgid"], fields.get("msgctxt"), fields.get("msgid_plural"), texts, fuzzy)


def _blocks(text: str) -> Iterator[list[str]]:
    """The lines of each entry. A merge may take the empty line between two away, so it isn't relied on."""
    block: list[str] = []
    is_told = False
    for line in text.splitlines():
        if is_told and line.startswith(("#", "msgctxt", "msgid")):
            yield block
            block, is_told = [], False
        is_told = is_told or line.startswith("msgstr")
        if line:
            block.append(line)
    yield block


def compiled(found: list[Entry]) -> bytes:
    """The .mo file of these entries: header, two sorted tables of (length, offset), then the texts."""
    pairs = sorted(
        (entry.key.encode(), "\0".join(entry.texts).encode()) for entry in found if not entry.fuzzy
    )
    count = len(pairs)
    texts, tables = b"", {0: b"", 1: b""}
    for column in (0, 1):
        for pair in pairs:
            tables[column] += struct.pack("<II", len(pair[column]), 28 + 16 * count + len(texts))
            texts += pair[column] + b"\0"
    header = struct.pack("<7I", 0x950412DE, 0, count, 28, 28 + 8 * count, 0, 28 + 16 * count)
    return header + tables[0] + tables[1] + texts


def problems(language: str) -> Iterator[str]:
    """Everything that is wrong with one language, a sentence each."""
    po = _folder(language) / "django.po"
    if not po.exists():
        yield f"{po} is missing"
        return
    for one in catalogues(language):
        yield from _incomplete(one)
    if shutil.which("xgettext"):
        known = {(entry.context, entry.msgid) for entry in entries(po)}
        yield from (f"{po}: not in the catalogue: {msgid!r}" for context, msgid in _marked(language) - known)


def catalogues(language: str) -> list[Path]:
    """django.po, and djangojs.po where what the admin's scripts say isn't translated by Django."""
    return sorted(_folder(language).glob("*.po"))


def _folder(language: str) -> Path:
    return CHECKOUT / "locale" / language / "LC_MESSAGES"


def _incomplete(po: Path) -> Iterator[str]:
    found = list(entries(po))
    for entry in found:
        if entry.fuzzy or not all(entry.texts):
            yield f"{po}: not translated: {entry.msgid!r}"
    mo = po.with_suffix(".mo")
    if not mo.exists() or _catalogue(mo) != {entry.key: "\0".join(entry.texts) for entry in found}:
        yield f"{mo} does not match its .po: run `.venv/bin/python -m deploy.local.translations compile`"


def _catalogue(mo: Path) -> dict[str, str]:
    """Read a .mo file back with its own tables, whoever wrote it."""
    data = mo.read_bytes()
    _, _, count, originals, translations = struct.unpack_from("<5I", data)

    def text(table: int, index: int) -> str:
        length, offset = struct.unpack_from("<II", data, table + 8 * index)
        return data[offset : offset + length].decode()

    return {text(originals, index): text(translations, index) for index in range(count)}


def _marked(language: str) -> set[tuple[str | None, str]]:
    """All texts marked for translation, as `makemessages` finds them, in a copy of the checkout's sources."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "sources"
        skip = shutil.ignore_patterns(".*", "var", "tests", "node_modules", "static", "docs", "benchmarks")
        shutil.copytree(CHECKOUT, copy, ignore=skip)
        environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "cloudapi.settings"}
        command = [sys.executable, "-m", "django", "makemessages", "-l", language, "--no-obsolete", "-v", "0"]
        subprocess.run(command, cwd=copy, env=environment, check=True)
        found = entries(copy / "locale" / language / "LC_MESSAGES" / "django.po")
        return {(entry.context, entry.msgid) for entry in found}


def main(words: list[str]) -> int:
    """Check or compile; return the exit code."""
    if words == ["compile"]:
        for po in (one for language in LANGUAGES for one in catalogues(language)):
            po.with_suffix(".mo").write_bytes(compiled(list(entries(po))))
            gettext.GNUTranslations(po.with_suffix(".mo").open("rb"))  # refuses a damaged file
        return 0
    found = [problem for language in LANGUAGES for problem in problems(language)]
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
