"""Where people are told things besides their mailbox."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.people import User


class TelegramChat(models.Model):
    """The private chat with our bot in which a person wants to be told things. See accounts/telegram.py."""

    user = models.OneToOneField(User, models.CASCADE, primary_key=True, related_name="telegram_chat")
    chat_id = models.BigIntegerField(db_index=True)  # one chat may belong to several accounts of a person
    linked_at = models.DateTimeField(_("linked"), default=timezone.now)

    class Meta:
        verbose_name = _("Telegram chat")
        verbose_name_plural = _("Telegram chats")

    def __str__(self) -> str:
        return str(self.pk)


class TelegramStart(models.Model):
    """A one-time token of a deep link, as its SHA-256; gone when it is used."""

    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    digest = models.BinaryField(max_length=32, unique=True, editable=False)
    expires_at = models.DateTimeField()

    class Meta:
        verbose_name = _("Telegram link")
        verbose_name_plural = _("Telegram links")

    def __str__(self) -> str:
        return str(self.pk)
