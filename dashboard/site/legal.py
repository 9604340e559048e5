"""Texts that bind: the offer, privacy, refunds. Each version is kept; the page shows the one in force.

Law: a published version never changes (admin offers a new one instead), as somebody may have accepted it.
"""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from markdown_it import MarkdownIt

from dashboard.moments import today

# HTML in a text is shown as text, and addresses that could run code aren't linked.
_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table")


class LegalText(models.Model):
    """One version of one text in one language."""

    class Page(models.TextChoices):
        OFFER = "offer", _("public offer")
        PRIVACY = "privacy", _("privacy policy")
        REFUND = "refund", _("refund policy")

    class Language(models.TextChoices):
        UZBEK = "uz", _("Uzbek")
        RUSSIAN = "ru", _("Russian")
        ENGLISH = "en", _("English")

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        PUBLISHED = "published", _("published")

    page = models.CharField(_("page"), max_length=10, choices=Page)
    language = models.CharField(_("language"), max_length=2, choices=Language)
    title = models.CharField(_("title"), max_length=120)
    body = models.TextField(_("text"), max_length=100_000, help_text=_("Markdown. HTML is shown as text."))
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.DRAFT)
    effective_on = models.DateField(_("in force from"), default=today)
    reviewed = models.BooleanField(_("reviewed by a lawyer"), default=False)
    created_at = models.DateTimeField(_("written"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("legal text")
        verbose_name_plural = _("legal texts")
        ordering: ClassVar[list[str]] = ["page", "language", "-effective_on", "-pk"]

    def __str__(self) -> str:
        return f"{self.get_page_display()} ({self.language}), {self.effective_on}"

    @property
    def html(self) -> SafeString:
        return mark_safe(str(_MARKDOWN.render(self.body)))

    @property
    def binds(self) -> bool:
        """Whether it is in force; a draft is shown for what it is."""
        return self.state == self.State.PUBLISHED


class Acceptance(models.Model):
    """Who has accepted which text, by what."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("user")
    )
    text = models.ForeignKey(
        LegalText, models.PROTECT, related_name="acceptances", verbose_name=_("legal text")
    )
    at = models.DateTimeField(_("accepted"), default=timezone.now)

    class Meta:
        verbose_name = _("acceptance")
        verbose_name_plural = _("acceptances")
        ordering: ClassVar[list[str]] = ["-pk"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["user", "text"], name="acceptance_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.text}"


def in_force(page: str, language: str = "") -> LegalText | None:
    """The newest published version whose day has come, in this language (the reader's without one), else in
    another one; where nothing was ever published, the newest draft.
    """
    wanted = language or (get_language() or "en")[:2]
    published = Q(state=LegalText.State.PUBLISHED, effective_on__lte=today())
    rows = list(LegalText.objects.filter(published, page=page)) or list(LegalText.objects.filter(page=page))
    order = [wanted, *(name for name in LegalText.Language.values if name != wanted)]
    # Rows come newest first within a language.
    return min(rows, key=lambda row: order.index(row.language), default=None)


def accept_offer(user: models.Model) -> None:
    """Notes that a person has accepted the offer in force; drafts bind nobody."""
    offer = in_force(LegalText.Page.OFFER)
    if offer is not None and offer.binds:
        Acceptance.objects.get_or_create(user_id=user.pk, text=offer)
