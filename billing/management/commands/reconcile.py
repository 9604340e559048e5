"""Compare a provider's export with our books."""

from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from billing.models import Channel
from billing.providers.reconcile import compare
from billing.providers.statement import NotAStatement, read


class Command(BaseCommand):
    help = "Compare an export (CSV) of a provider's cabinet with our transactions of these days."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("provider", choices=[channel for channel in Channel if channel != Channel.BANK])
        parser.add_argument("file", type=Path)
        parser.add_argument("--since", type=date.fromisoformat, required=True, help="first day, Tashkent")
        parser.add_argument("--until", type=date.fromisoformat, required=True, help="last day, Tashkent")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            lines = read(options["file"].read_bytes())
        except (NotAStatement, OSError) as error:
            raise CommandError(str(error)) from error
        provider = Channel(options["provider"])
        found = compare(provider, lines, options["since"], options["until"])
        self.stdout.write(f"{len(lines)} payments compared, {found} new differences: see Discrepancies")
