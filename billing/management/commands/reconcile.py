"""Keep a provider's export and compare it with our books."""

from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from billing.bank.lines import NotAStatement
from billing.models import Channel
from billing.statements import Upload, take_in


class Command(BaseCommand):
    help = "Keep an export (CSV, XLSX) of a provider's cabinet and compare it with our transactions."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("provider", choices=[channel for channel in Channel if channel != Channel.BANK])
        parser.add_argument("file", type=Path)
        parser.add_argument("--since", type=date.fromisoformat, required=True, help="first day, Tashkent")
        parser.add_argument("--until", type=date.fromisoformat, required=True, help="last day, Tashkent")

    def handle(self, *args: Any, **options: Any) -> None:
        file: Path = options["file"]
        try:
            upload = Upload(
                provider=Channel(options["provider"]),
                since=options["since"],
                until=options["until"],
                data=file.read_bytes(),
                name=file.name,
            )
            done = take_in(upload, None)
        except (NotAStatement, OSError) as error:
            raise CommandError(str(error)) from error
        count = done.statement.lines_count
        known = "" if done.is_new else " (imported before)"
        self.stdout.write(
            f"{count} payments compared{known}, {done.differences} new differences: see Discrepancies"
        )
