"""Typing a word before a deed that can't be undone, or that stops what is in use.

The word names what is hit: a project's name, an address, or how many things were chosen. The server compares,
so that it holds without scripts; components/sure.html is the end of every question.
"""

from collections.abc import Sized
from typing import Final

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext as _

WORD_CHARS_MAX: Final = 320
_AS_TYPED: Final = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}


class SureForm(forms.Form):
    """Asks for the word; with none it asks for nothing, and a press of the button is enough.

    Valid is what was sent with the right word: a page that only asks is not.
    """

    typed = forms.CharField(max_length=WORD_CHARS_MAX, widget=forms.TextInput(attrs=_AS_TYPED))

    def __init__(self, word: str, request: HttpRequest) -> None:
        super().__init__(request.POST if request.method == "POST" else None, auto_id="sure-%s")
        self._word = word
        if word:
            self.fields["typed"].label = _("To confirm, type: %(word)s") % {"word": word}
        else:
            del self.fields["typed"]

    def clean_typed(self) -> str:
        """The word, whatever its case and spaces: it shows that it was read, it is no password."""
        if _folded(str(self.cleaned_data["typed"])) != _folded(self._word):
            raise forms.ValidationError(_("This isn't what is asked for. Nothing was done."))
        return self._word


def word_for_many(things: Sized, name: str = "") -> str:
    """What to type before a deed on several things: how many they are; of a single one its name, if any."""
    return str(len(things)) if len(things) > 1 else name


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()
