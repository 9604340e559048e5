"""A small client of Telegram's Bot API, and the chats that people link to their accounts.

Without TELEGRAM_BOT_TOKEN there is no bot: no link is offered and the webhook's address doesn't exist. The
token is part of the Bot API's URLs, so no URL of a call ever gets into an error or a log line.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from secrets import token_urlsafe
from typing import Any, Final
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from django.conf import settings
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.models import TelegramChat, TelegramStart, User

START_LASTS: Final = timedelta(minutes=15)
TIMEOUT_S: Final = 10
_ANSWER_BYTES_MAX = 1_000_000
_START = re.compile(r"/start(?:@\w+)?\s+([\w-]{20,64})\s*")
_STOP = re.compile(r"/stop(?:@\w+)?\s*")


class TelegramError(Exception):
    """Telegram could not be asked, or said no. The text never holds the token."""


class Blocked(TelegramError):
    """The person has blocked the bot or deleted the chat."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What the bot says next."""

    chat_id: int
    text: str


def is_on() -> bool:
    """Whether this installation has a bot."""
    return bool(settings.TELEGRAM_BOT_TOKEN and settings.TELEGRAM_BOT_NAME)


def webhook_path() -> str:
    """The secret part of the webhook's address: known to who knows our secret and the bot's token."""
    return _derived("path")


def webhook_secret() -> str:
    """What Telegram repeats in X-Telegram-Bot-Api-Secret-Token."""
    return _derived("secret")


def start_link(user: User) -> str:
    """A deep link that links whoever opens it in Telegram first, within 15 minutes, to this account."""
    token = token_urlsafe(24)
    TelegramStart.objects.filter(expires_at__lt=timezone.now()).delete()
    TelegramStart.objects.create(user=user, digest=_digest(token), expires_at=timezone.now() + START_LASTS)
    return f"https://t.me/{settings.TELEGRAM_BOT_NAME}?start={token}"


def unlink(user: User) -> None:
    """No more messages to this person's chat; open links end too."""
    TelegramChat.objects.filter(user=user).delete()
    TelegramStart.objects.filter(user=user).delete()


def heard(update: Mapping[str, Any]) -> Reply | None:
    """What an update asks for: /start with a token links the chat, /stop unlinks it. Twice does no harm."""
    message = update.get("message")
    if not isinstance(message, dict) or not isinstance(chat := message.get("chat"), dict):
        return None
    if chat.get("type") != "private" or not isinstance(chat.get("id"), int):
        return None
    text = str(message.get("text", ""))
    if started := _START.fullmatch(text):
        return _linked(chat["id"], started[1])
    if _STOP.fullmatch(text):
        return _stopped(chat["id"])
    return Reply(chat["id"], _("Open the notification settings of your dashboard to link this chat."))


def send(chat_id: int, text: str) -> None:
    """One message. Raises Blocked, TelegramError."""
    _ask("sendMessage", {"chat_id": chat_id, "text": text, "link_preview_options": {"is_disabled": True}})


def read_updates() -> int:
    """Asks for what people wrote and answers it: for an installation that Telegram can't reach. How many.

    An update counts as read only when the next question names the one after it, so none is lost.
    """
    count, offset = 0, 0
    while updates := _ask("getUpdates", {"offset": offset, "timeout": 0, "allowed_updates": ["message"]}):
        for update in updates:
            offset = max(offset, int(update["update_id"]) + 1)
            if reply := heard(update):
                _answer(reply)
        count += len(updates)
    return count


def set_webhook() -> None:
    """Tells Telegram where to send updates. Raises TelegramError."""
    _ask(
        "setWebhook",
        {
            "url": f"{settings.SITE_URL}/telegram/{webhook_path()}",
            "secret_token": webhook_secret(),
            "allowed_updates": ["message"],
        },
    )


def _answer(reply: Reply) -> None:
    try:
        send(reply.chat_id, reply.text)
    except Blocked:
        TelegramChat.objects.filter(chat_id=reply.chat_id).delete()


@transaction.atomic
def _linked(chat_id: int, token: str) -> Reply:
    starts = TelegramStart.objects.select_related("user").select_for_update(of=("self",))
    start = starts.filter(digest=_digest(token), expires_at__gt=timezone.now()).first()
    if start is None:
        return Reply(chat_id, _("This link is used or too old. Make a new one in the notification settings."))
    start.delete()
    TelegramChat.objects.update_or_create(
        user=start.user, defaults={"chat_id": chat_id, "linked_at": timezone.now()}
    )
    with translation.override(start.user.language or settings.LANGUAGE_CODE):
        text = _("Linked to %(email)s. Notices of CloudAPI come here now; /stop ends them.")
        return Reply(chat_id, text % {"email": start.user.email})


def _stopped(chat_id: int) -> Reply:
    chat = TelegramChat.objects.select_related("user").filter(chat_id=chat_id).first()
    TelegramChat.objects.filter(chat_id=chat_id).delete()
    with translation.override((chat.user.language if chat else "") or settings.LANGUAGE_CODE):
        return Reply(chat_id, _("No more messages. The notification settings can link this chat again."))


def _ask(method: str, payload: Mapping[str, Any]) -> Any:
    request = Request(
        f"{settings.TELEGRAM_API_URL}/bot{settings.TELEGRAM_BOT_TOKEN}/{method}",
        json.dumps(payload).encode(),
        {"Content-Type": "application/json"},
    )
    try:
        with urlopen(request, timeout=TIMEOUT_S) as answer:
            return json.loads(answer.read(_ANSWER_BYTES_MAX))["result"]
    except HTTPError as error:
        error.close()
        raise (Blocked if error.code == 403 else TelegramError)(f"{method}: HTTP {error.code}") from None
    except (URLError, OSError, ValueError, KeyError, TypeError) as error:
        raise TelegramError(f"{method}: {type(error).__name__}") from None


def _derived(name: str) -> str:
    message = f"telegram {name} {settings.TELEGRAM_BOT_TOKEN}".encode()
    return hmac.new(settings.SECRET_KEY.encode(), message, hashlib.sha256).hexdigest()


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
