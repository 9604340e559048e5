"""Check every law of the ledger and print its figures; exit code 1 if one is broken."""

import sys
from typing import Any

from django.core.management.base import BaseCommand

from billing.finance import note_check
from billing.invariants import broken, check


class Command(BaseCommand):
    help = "Check every law of the ledger in one snapshot; exit code 1 if one is broken."

    def handle(self, *args: Any, **options: Any) -> None:
        findings = check()
        note_check(findings, whole=True)
        for finding in findings:
            self.stdout.write(f"{'BROKEN' if finding.broken else 'ok    '} {finding}")
        if wrong := broken(findings):
            self.stderr.write(f"{len(wrong)} of {len(findings)} laws are broken")
            sys.exit(1)
        self.stdout.write(f"all {len(findings)} laws hold")
