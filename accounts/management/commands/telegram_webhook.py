"""manage.py telegram_webhook: tells Telegram to send the bot's updates to SITE_URL; once after a change."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts import telegram


class Command(BaseCommand):
    help = "Registers the bot's webhook with Telegram."

    def handle(self, *args: Any, **options: Any) -> None:
        if not telegram.is_on():
            raise CommandError("TELEGRAM_BOT_TOKEN and TELEGRAM_BOT_NAME are not set")
        try:
            telegram.set_webhook()
        except telegram.TelegramError as error:
            raise CommandError(str(error)) from error
        self.stdout.write("Telegram sends updates to this site.")
