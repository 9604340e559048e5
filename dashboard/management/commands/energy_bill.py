"""A site's electricity of a month against its bill."""

from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from dashboard.energy_bill import energy_month, findings
from dashboard.papers.months import Month
from routing.energy.models import DataCentre


class Command(BaseCommand):
    help = "Hold what calls used and paid for electricity at a site against its meter and its bill."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("site", help="the site's provider, such as dallas")
        parser.add_argument("month", help="2026-10")
        parser.add_argument("--kwh", required=True, help="what the machines' meters counted")
        parser.add_argument("--usd", required=True, help="what the bill asks")

    def handle(self, *args: Any, **options: Any) -> None:
        site = DataCentre.objects.filter(provider__slug=options["site"]).select_related("provider").first()
        if site is None:
            raise CommandError(f"There is no site '{options['site']}'.")
        try:
            month = Month.parse(options["month"])
            kwh, usd = Decimal(options["kwh"]), Decimal(options["usd"])
        except (ValueError, InvalidOperation) as error:
            raise CommandError("Write a month such as 2026-10, and plain numbers.") from error
        if not (kwh.is_finite() and usd.is_finite() and kwh > 0 and usd > 0):
            raise CommandError("kWh and USD are above 0.")
        for line in findings(energy_month(site, month), kwh, usd):
            self.stdout.write(line)
