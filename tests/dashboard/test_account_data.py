"""A person's own data: the archive is whole and theirs alone, and an account ends without a loose end."""

import csv
import io
import json
import zipfile
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts.errors import RevokedKey
from accounts.keys import find_key
from accounts.models import Membership, Organization, Role, TelegramChat, User
from billing.models import Delivery, NoticeKind, TopUp
from dashboard.account import closing, exports
from dashboard.account.closing import InTheWay
from dashboard.models import AccountClosure, AccountExport
from tests.dashboard.calls import log_call, viewer
from tests.factories import MICROS, Caller, credit, make_caller

pytestmark = pytest.mark.django_db

PASSWORD = "Registan-1420-Ulugbek"
DELETE = "/dashboard/account/delete"
ARCHIVE = "/dashboard/account/data/archive"


@pytest.fixture(autouse=True)
def _folder(settings: Any, tmp_path: Path) -> None:
    settings.EXPORT_DIR = str(tmp_path / "exports")
    settings.ACCOUNT_RATE_LIMITS = False


def alice(**options: Any) -> Caller:
    """Somebody with a password, for whom it can be asked."""
    caller = make_caller(**options)
    caller.user.set_password(PASSWORD)
    caller.user.save()
    EmailAddress.objects.create(user=caller.user, email=caller.user.email, primary=True, verified=True)
    return caller


def signed_in(caller: Caller) -> Client:
    client = Client()
    client.force_login(caller.user)
    return client


def proved(caller: Caller) -> Client:
    """A browser in which the password was typed again a moment ago."""
    client = signed_in(caller)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    return client


def archive_of(caller: Caller) -> zipfile.ZipFile:
    found = exports.ask(caller.user)
    exports.make(found.pk)
    return zipfile.ZipFile(io.BytesIO(b"".join(proved(caller).get(ARCHIVE).streaming_content)))


def table(archive: zipfile.ZipFile, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(archive.read(f"organization/{name}.csv").decode(), newline="")))


def test_the_archive_holds_the_person_their_calls_and_their_money() -> None:
    caller = alice(balance_uzs=1000, bonus_uzs=5)
    call = log_call(caller)
    TopUp.objects.create(
        org=caller.organization, requested_by=caller.user, amount_micros=5000 * MICROS, reference="=1+1"
    )
    archive = archive_of(caller)
    assert json.loads(archive.read("account.json"))["email"] == caller.user.email
    assert json.loads(archive.read("organization/organization.json"))["paid_uzs"] == "1000"
    assert [row["id"] for row in table(archive, "calls")] == [str(call)]
    assert table(archive, "calls")[0]["cost_uzs"] == "31.5"
    assert {row["kind"]: row["amount_uzs"] for row in table(archive, "transfers")} == {
        "topup": "1000",
        "promo": "5",
    }
    assert table(archive, "topups")[0]["reference"] == "'=1+1"  # no spreadsheet works it out


def test_the_archive_holds_no_secret() -> None:
    caller = alice()
    text = b"".join(archive_of(caller).read(name) for name in archive_of(caller).namelist())
    caller.user.refresh_from_db()
    for secret in (caller.key, bytes(caller.api_key.digest).hex(), caller.user.password):
        assert secret.encode() not in text
    assert caller.key[:8].encode() in text


def test_the_archive_holds_nothing_of_others() -> None:
    caller, bob = alice(), make_caller(balance_uzs=77)
    log_call(bob, model="bobs/model")
    Membership.objects.create(organization=bob.organization, user=caller.user, role=Role.VIEWER)
    archive = archive_of(caller)
    text = b"".join(archive.read(name) for name in archive.namelist())
    assert b"bobs/model" not in text and bob.user.email.encode() not in text
    assert [one["id"] for one in json.loads(archive.read("account.json"))["organizations"]] == [
        caller.organization.api_id,
        bob.organization.api_id,
    ]


def test_many_calls_are_read_page_by_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dashboard.account.contents._PAGE", 2)
    caller = alice()
    made = [str(log_call(caller)) for _ in range(5)]
    assert [row["id"] for row in table(archive_of(caller), "calls")] == sorted(made)


@pytest.mark.parametrize(
    ("method", "address"), [("post", "/dashboard/account/data/export"), ("get", ARCHIVE), ("get", DELETE)]
)
def test_the_password_is_asked_again(method: str, address: str) -> None:
    answer = getattr(signed_in(alice()), method)(address)
    assert answer.status_code == 302 and answer.headers["Location"].startswith("/accounts/reauthenticate/")


def test_nobody_has_the_archive_of_somebody_else() -> None:
    caller, bob = alice(), alice()
    exports.make(exports.ask(caller.user).pk)
    assert proved(bob).get(ARCHIVE).status_code == 404
    assert proved(caller).get(ARCHIVE).status_code == 200


def test_an_archive_is_told_of_once_and_replaces_the_one_before() -> None:
    caller = alice()
    first = exports.ask(caller.user)
    assert exports.ask(caller.user) == first  # still under way
    exports.make(first.pk)
    exports.make(first.pk)
    assert Delivery.objects.filter(user=caller.user, notice__kind=NoticeKind.ACCOUNT).count() == 1
    before = exports.path_of(first)
    assert before.stat().st_mode & 0o777 == 0o600
    second = exports.ask(caller.user)
    assert second != first and not before.exists()


def test_an_archive_expires() -> None:
    caller = alice()
    made = exports.ask(caller.user)
    exports.make(made.pk)
    AccountExport.objects.filter(pk=made.pk).update(expires_at=timezone.now())
    assert proved(caller).get(ARCHIVE).status_code == 404
    exports.keep()
    assert not exports.path_of(made).exists() and not AccountExport.objects.filter(pk=made.pk).exists()


def test_an_archive_that_never_came_is_given_up() -> None:
    caller = alice()
    made = exports.ask(caller.user)
    AccountExport.objects.filter(pk=made.pk).update(asked_at=timezone.now() - exports.GIVEN_UP * 2)
    exports.keep()
    made.refresh_from_db()
    assert made.state == AccountExport.State.FAILED
    assert "notice error" in signed_in(caller).get("/dashboard/account/data").content.decode()


def test_an_account_ends_with_the_persons_address_and_password() -> None:
    caller = alice(bonus_uzs=10)
    name, email = caller.organization.name, caller.user.email
    TelegramChat.objects.create(user=caller.user, chat_id=77)
    client, other = proved(caller), signed_in(caller)
    answer = client.post(DELETE, {"typed": f" {email.upper()} "})
    assert answer.status_code == 302 and answer.headers["Location"] == "/"
    with pytest.raises(RevokedKey):
        find_key(caller.key)
    assert other.get("/dashboard").status_code == 302  # every session is over
    user = User.objects.get(pk=caller.user.pk)
    assert (user.name, user.is_active, user.has_usable_password()) == ("", False, False)
    assert not User.objects.filter(email=email).exists()
    assert not EmailAddress.objects.filter(email=email).exists()
    assert not TelegramChat.objects.filter(chat_id=77).exists()
    assert not Organization.objects.filter(name=name).exists()
    assert caller.balance() == 10 * MICROS  # no money moves
    assert [letter.to for letter in mail.outbox] == [[email]]


def test_another_address_deletes_nothing() -> None:
    caller = alice()
    page = proved(caller).post(DELETE, {"typed": "somebody@else.example"}).content.decode()
    assert "errorlist" in page
    assert User.objects.get(pk=caller.user.pk).is_active


def test_paid_balance_has_to_be_given_up_in_so_many_words() -> None:
    caller = alice(balance_uzs=700)
    client = proved(caller)
    assert "700" in client.get(DELETE).content.decode()
    client.post(DELETE, {"typed": caller.user.email})
    assert User.objects.get(pk=caller.user.pk).is_active
    client.post(DELETE, {"typed": caller.user.email, "waive": "on"})
    assert AccountClosure.objects.get(user=caller.user).waived_micros == 700 * MICROS
    assert caller.wallet()["paid_micros"] == 700 * MICROS


def test_money_under_way_stands_in_the_way() -> None:
    caller = alice()
    TopUp.objects.create(org=caller.organization, requested_by=caller.user, amount_micros=5000 * MICROS)
    with pytest.raises(InTheWay) as refusal:
        closing.close(caller.user, waive=True)
    assert [one.what for one in refusal.value.obstacles] == ["topup"]
    assert 'name="typed"' not in proved(caller).get(DELETE).content.decode()


def test_an_operator_is_not_deleted_by_themselves() -> None:
    caller = alice()
    User.objects.filter(pk=caller.user.pk).update(is_staff=True)
    caller.user.refresh_from_db()
    assert [one.what for one in closing.obstacles(caller.user)] == ["operator"]


def test_an_organization_with_others_needs_another_owner() -> None:
    caller = alice()
    viewer(caller)
    assert [one.what for one in closing.obstacles(caller.user)] == ["owner"]
    heir = User.objects.create(email=f"heir-{uuid4().hex}@test.invalid", password="!")
    Membership.objects.create(organization=caller.organization, user=heir, role=Role.OWNER)
    credit(caller, paid_micros=5 * MICROS)
    closing.close(caller.user, waive=False)
    org = Organization.objects.get(pk=caller.organization.pk)
    assert (org.owner, org.suspended_at, org.is_personal) == (heir, None, False)
    assert find_key(caller.key)  # the others' work goes on
    told = Delivery.objects.get(user=heir, notice__kind=NoticeKind.ACCOUNT).notice
    assert told.facts == {"what": "left", "organization": org.name, "keys": ["test"]}


def test_the_address_of_a_deleted_account_is_free_again() -> None:
    caller = alice()
    email = caller.user.email
    closing.close(caller.user, waive=False)
    assert User.objects.create_user(email).pk != caller.user.pk
