"""Give an account promo money."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import Organization
from billing.errors import AmountRefused
from billing.ledger import balance, credit_promo
from billing.money import NotAnAmount, exact_uzs, parse_uzs


class Command(BaseCommand):
    help = "Credit promo money to the wallet of an account's personal or a built-in organization."

    def add_arguments(self, parser: CommandParser) -> None:
        who = parser.add_mutually_exclusive_group(required=True)
        who.add_argument("--email", help="whose personal organization gets the money")
        who.add_argument("--org", metavar="SLUG", help="an organization by its slug, such as platform")
        parser.add_argument("--uzs", required=True, help="so'm, with at most six decimals: 1500 or 1500.25")
        parser.add_argument("--reason", required=True, help="kept with the transfer")
        parser.add_argument("--key", help="idempotency key: the same one credits once")

    def handle(self, *args: Any, **options: Any) -> None:
        organization = _organization(options["email"], options["org"])
        if not options["reason"].strip():
            raise CommandError("a reason is needed")
        try:
            micros = parse_uzs(options["uzs"])
            done = credit_promo(
                organization.pk,
                micros,
                reason=options["reason"],
                source="command",
                external_id=options["key"],
            )
        except (NotAnAmount, AmountRefused) as error:
            raise CommandError(str(error)) from error
        said = f"credited {exact_uzs(micros)} UZS" if done else "credited before with this key, nothing done"
        self.stdout.write(f"{said}; balance {exact_uzs(balance(organization.pk).total)} UZS")


def _organization(email: str | None, slug: str | None) -> Organization:
    if slug is not None:
        found = Organization.objects.filter(slug=slug).first()
    else:
        found = Organization.objects.filter(owner__email=email, is_personal=True).first()
    if found is None:
        raise CommandError(f"nobody here has the e-mail {email}" if email else f"no organization {slug}")
    return found
