"""makemessages that also finds what the API reference says.

Those texts are docstrings, help texts and arguments all over the code, so nothing marks them where they
stand: the document itself is asked, and what it says lies in a file for as long as xgettext reads.
"""

import json
from pathlib import Path
from typing import Final

from django.core.management.commands import makemessages

from cloudapi.reference.drawing import found
from cloudapi.reference.words import paragraphs

FOUND_IN: Final = Path("cloudapi/reference/document.py")  # as the catalogues say


class Command(makemessages.Command):
    """Django's own, with one file more."""

    def build_potfiles(self) -> list[str]:
        if self.domain != "django":
            return super().build_potfiles()
        lines = [f"gettext_noop({json.dumps(text, ensure_ascii=False)})\n" for text in paragraphs(found())]
        FOUND_IN.write_text("".join(lines), encoding="utf-8")
        try:
            return super().build_potfiles()
        finally:
            FOUND_IN.unlink()
