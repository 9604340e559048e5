"""Sum the roll-ups anew from the request log: after a logical restore, or if a law says they are wrong."""

from typing import Any

from django.core.management.base import BaseCommand
from django.db import connection


class Command(BaseCommand):
    help = "Sum the roll-ups anew, as far back as the request log goes; older days stay as they are."

    def handle(self, *args: Any, **options: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT rebuild_usage()")
            self.stdout.write(f"{cursor.fetchone()[0]} calls added up")
