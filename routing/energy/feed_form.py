"""What operators decide about a feed: how often, its key, its terms."""

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.seals import seal
from routing.energy.adapters import ADAPTERS
from routing.energy.markets import Feed

_KEY_MAX = 500
_LOGGED = (
    "name",
    "poll_s",
    "terms_url",
    "attribution",
)  # with before and after; others say it themselves


class FeedForm(forms.ModelForm):  # type: ignore[type-arg]
    """A key can be written and forgotten, never read; terms are accepted by a person, at a time."""

    key = forms.CharField(
        required=False,
        max_length=_KEY_MAX,
        label=_("key"),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "size": 40}),
        help_text=_("Write-only, kept encrypted. An account is written as user:password."),
    )
    forget_key = forms.BooleanField(required=False, label=_("forget the stored key"))
    accept_terms = forms.BooleanField(
        required=False, label=_("I have read its terms and accept them for the company")
    )
    withdraw_terms = forms.BooleanField(
        required=False, label=_("withdraw the acceptance: it is asked no more")
    )

    class Meta:
        model = Feed
        fields = _LOGGED

    def clean_poll_s(self) -> int:
        seconds = int(self.cleaned_data["poll_s"])
        least = ADAPTERS[self.instance.slug].gap_s if self.instance.slug in ADAPTERS else 1
        if seconds < least:
            raise forms.ValidationError(_("This market is asked every %d seconds at most.") % least)
        return seconds

    def clean_key(self) -> str:
        key = str(self.cleaned_data["key"])
        if not key.isascii() or not key.isprintable():
            raise forms.ValidationError(_("A key has printable ASCII characters only."))
        return key

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("accept_terms") and cleaned.get("withdraw_terms"):
            raise forms.ValidationError(_("Accept the terms or withdraw that, not both."))
        return cleaned

    def decide(self, who: User) -> list[str]:
        """Puts key and terms into the row, unsaved; what was done, for the audit (never the key itself)."""
        feed, said = self.instance, self.cleaned_data
        done = [
            f"{name}: {self.initial.get(name)!r} → {said[name]!r}"
            for name in self.changed_data
            if name in _LOGGED
        ]
        return done + _decide_key(feed, said) + _decide_terms(feed, said, who)


def _decide_key(feed: Feed, said: dict[str, Any]) -> list[str]:
    before = f"…{feed.key_last4}" if feed.sealed_key else "none"
    if said.get("key"):
        feed.sealed_key, feed.key_last4 = seal(said["key"]), said["key"][-4:]
        return [f"key: {before} → …{feed.key_last4}"]
    if said.get("forget_key") and feed.sealed_key:
        feed.sealed_key, feed.key_last4 = None, ""
        return [f"key: {before} → none"]
    return []


def _decide_terms(feed: Feed, said: dict[str, Any], who: User) -> list[str]:
    if said.get("accept_terms") and feed.terms_accepted_at is None:
        feed.terms_accepted_at, feed.terms_accepted_by = timezone.now(), who
        return [f"accepted the terms of {said['terms_url'] or feed.name}"]
    if said.get("withdraw_terms") and feed.terms_accepted_at is not None:
        before = f"{feed.terms_accepted_by}, {feed.terms_accepted_at:%Y-%m-%d %H:%M} UTC"
        feed.terms_accepted_at = feed.terms_accepted_by = None
        return [f"withdrew the acceptance of its terms (by {before})"]
    return []
