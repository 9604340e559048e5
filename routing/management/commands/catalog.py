"""manage.py catalog load FILE.yaml… [--prune] | catalog export [FILE.yaml] | catalog docs [--check]"""

import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from routing.catalog.export import export
from routing.catalog.load import load
from routing.catalog.parse import parse
from routing.catalog.written import written
from routing.errors import CatalogError

SHIPPED = Path(settings.BASE_DIR) / "routing" / "catalog" / "models.yaml"
DOCS = Path(settings.BASE_DIR) / "docs"


class Command(BaseCommand):
    help = "Load the catalog from YAML files, export it, or write the documents made of the shipped one."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        loading = actions.add_parser("load", help="make the database say what the files say")
        loading.add_argument("files", nargs="+", type=Path, metavar="FILE.yaml")
        loading.add_argument("--prune", action="store_true", help="retire what the files don't mention")
        exporting = actions.add_parser("export", help="write the catalog as a file that loads back")
        exporting.add_argument(
            "file", nargs="?", type=Path, metavar="FILE.yaml", help="default: standard output"
        )
        writing = actions.add_parser("docs", help="write docs/MODELS.md and docs/KEYS_SETUP.md")
        writing.add_argument(
            "--check", action="store_true", help="change nothing, fail if they have grown old"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["action"] == "load":
            self._load(options["files"], prune=options["prune"])
        elif options["action"] == "export":
            self._export(options["file"])
        else:
            self._docs(check=options["check"])

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

    def _docs(self, *, check: bool) -> None:
        made = written(parse([(SHIPPED.name, _text(SHIPPED))]))
        old = [name for name, text in made.items() if not _same(DOCS / name, text)]
        if check and old:
            raise CommandError(f"{', '.join(old)}: run `manage.py catalog docs`, the catalog has moved on.")
        for name in old:
            (DOCS / name).write_text(made[name], encoding="utf-8")


def _same(file: Path, text: str) -> bool:
    return file.exists() and file.read_text(encoding="utf-8") == text


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{file}: {error}") from error
