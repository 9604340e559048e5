"""One sweep by hand."""

from typing import Any

from django.core.management.base import BaseCommand

from billing.sweeper import sweep


class Command(BaseCommand):
    help = "Fence silent gateway workers and release the holds of dead ones, as the sweeper does every 2 s."

    def handle(self, *args: Any, **options: Any) -> None:
        swept = sweep()
        fenced = ", ".join(map(str, swept.fenced)) or "none"
        self.stdout.write(f"workers taken for dead: {fenced}; holds released: {swept.released}")
