"""The archive as a file: JSON for what has a shape, CSV for long lists, row by row at constant memory."""

import csv
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Final
from zipfile import ZIP_DEFLATED, ZipFile

from django.core.serializers.json import DjangoJSONEncoder

from accounts.models import Organization, User
from billing.bank.download import TYPES
from billing.bank.receipts import path_of
from billing.download import guarded
from billing.models import Receipt
from dashboard.account import contents

_FOLDER: Final = "organization"
_README: Final = """Your CloudAPI data, as of {now}.

account.json               you: addresses, notifications, price alerts, organizations that you belong to
organization/*.json        your own organization: names, balance, projects, keys, papers, notices
organization/topups.csv    requests to top up; payments.csv: attempts to pay them at a provider
organization/refunds.csv   refunds and corrections
organization/promo_codes.csv   promo codes that you used
organization/transfers.csv each movement of the balance
organization/calls.csv     each call: model, tokens, times, cost
organization/content.ndjson  what calls said, only where you turned content logging on: sealed to your key
organization/receipts/     receipts that you uploaded

Times are UTC, amounts so'm. project_id and key_id in calls.csv are `number` in projects.json and keys.json.
"""


def write(user: User, file: IO[bytes]) -> None:
    """Everything of the person and of their personal organization, as a ZIP file."""
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        archive.writestr("README.txt", _README.format(now=datetime.now(UTC).isoformat(timespec="seconds")))
        _json(archive, "account.json", contents.person(user))
        for org in Organization.objects.filter(owner=user, is_personal=True):
            _organization(archive, org, user)


def _organization(archive: ZipFile, org: Organization, user: User) -> None:
    _json(archive, f"{_FOLDER}/organization.json", contents.organization(org))
    _json(archive, f"{_FOLDER}/projects.json", contents.projects(org))
    _json(archive, f"{_FOLDER}/keys.json", contents.keys(org))
    _json(archive, f"{_FOLDER}/papers.json", contents.papers(org))
    _json(archive, f"{_FOLDER}/notices.json", contents.notices(org, user))
    for name, rows in contents.LISTS.items():
        _csv(archive, f"{_FOLDER}/{name}.csv", rows(org))
    with archive.open(f"{_FOLDER}/content.ndjson", "w", force_zip64=True) as file:
        file.writelines(contents.sealed(org))
    for receipt in contents.receipts(org):
        _receipt(archive, receipt)


def _json(archive: ZipFile, name: str, value: Any) -> None:
    archive.writestr(name, json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False, indent=2) + "\n")


def _csv(archive: ZipFile, name: str, rows: Iterator[contents.Row]) -> None:
    """A list with its column names; an empty one is an empty file."""
    with (
        archive.open(name, "w", force_zip64=True) as raw,
        io.TextIOWrapper(raw, "utf-8", newline="") as text,
    ):
        lines = csv.writer(text, lineterminator="\r\n")
        for number, row in enumerate(rows):
            if number == 0:
                lines.writerow(row)
            lines.writerow([guarded(_plain(cell)) for cell in row.values()])


def _plain(cell: object) -> object:
    return cell.isoformat() if isinstance(cell, datetime) else cell


def _receipt(archive: ZipFile, receipt: Receipt) -> None:
    path: Path = path_of(str(receipt.name))
    ending = TYPES[Receipt.Kind(receipt.kind)][1]
    if path.exists():
        archive.write(path, f"{_FOLDER}/receipts/{receipt.topup_id}-{receipt.pk}.{ending}")
