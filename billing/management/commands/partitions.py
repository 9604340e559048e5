"""The months of the partitioned tables."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from billing.errors import BillingError
from billing.partitions import detach_oldest, drop_due, ensure_partitions, months


class Command(BaseCommand):
    help = "Attach the coming months of the partitioned tables and list what there is."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--detach-oldest",
            metavar="TABLE",
            help="detach the oldest month of this table, which becomes a table of its own to archive or drop",
        )

        parser.add_argument(
            "--drop-due", action="store_true", help="drop the months whose retention is over, as each night"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        for name in ensure_partitions():
            self.stdout.write(f"attached {name}")
        if parent := options["detach_oldest"]:
            try:
                self.stdout.write(f"detached {detach_oldest(parent)}")
            except BillingError as error:
                raise CommandError(str(error)) from error
        if options["drop_due"]:
            for name in drop_due():
                self.stdout.write(f"dropped {name}")
        for parent, first, until in months():
            self.stdout.write(f"{parent}: {first:%Y-%m} up to and without {until:%Y-%m}")
