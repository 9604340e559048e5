"""manage.py catalog load FILE.yaml… [--prune] | catalog export [FILE.yaml]"""

import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from routing.catalog.export import export
from routing.catalog.load import load
from routing.catalog.parse import parse
from routing.errors import CatalogError


class Command(BaseCommand):
    help = "Load the catalog from YAML files, or export it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        loading = actions.add_parser("load", help="make the database say what the files say")
        loading.add_argument("files", nargs="+", type=Path, metavar="FILE.yaml")
        loading.add_argument("--prune", action="store_true", help="retire what the files don't mention")
        exporting = actions.add_parser("export", help="write the catalog as a file that loads back")
        exporting.add_argument(
            "file", nargs="?", type=Path, metavar="FILE.yaml", help="default: standard output"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["action"] == "load":
            self._load(options["files"], prune=options["prune"])
        else:
            self._export(options["file"])

    def _load(self, files: list[Path], *, prune: bool) -> None:
        try:
            entries = parse([(str(file), _text(file)) for file in files])
            changes = load(entries, os.environ, prune=prune)
        except CatalogError as error:
            count = len(error.problems)
            raise CommandError(f"{error}\nNothing was loaded: {count} mistake(s) to mend.") from error
        self.stdout.write(f"{len(entries.models)} models, {len(entries.providers)} providers: {changes}")

    def _export(self, file: Path | None) -> None:
        text = export()
        if file is None:
            self.stdout.write(text, ending="")
        else:
            file.write_text(text, encoding="utf-8")


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{file}: {error}") from error
