"""`/api/wallet`, `/api/topups` and `/v1/credits`: exact amounts of one's own organization."""

import json
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from billing.ledger import refund
from billing.models import TopUp
from billing.topups import approve
from tests.billing.books import Customer, ask, end, reserve, settle
from tests.dashboard.calls import browser, log_call, viewer
from tests.factories import MICROS, Caller, credit, make_caller, rows
from tests.transfers import arrived

pytestmark = pytest.mark.django_db


def by_key(caller: Caller) -> Client:
    return Client(headers=caller.headers)


def file(client: Client, **body: Any) -> Any:
    return client.post("/api/topups", json.dumps(body), content_type="application/json")


def call(caller: Caller, cost: int) -> UUID:
    """A call through the ledger, charged so many micros."""
    customer = Customer(caller.organization.pk, caller.project.pk, caller.api_key.pk)
    asked = ask(customer)
    reserve(asked)
    settle(end(asked, cost))
    return asked.id


def test_the_wallet_is_exact_to_the_micro() -> None:
    caller = make_caller(bonus_uzs=5, scopes=("manage",), free=True)
    credit(caller, paid_micros=1_000_000_001)
    log_call(caller, cost_micros=31_500_000)
    rows("INSERT INTO free_use VALUES (%s, billing_today(), 7) RETURNING org", caller.organization.pk)
    for client in (browser(caller), by_key(caller)):
        wallet = client.get("/api/wallet").json()
        assert (wallet["paid_uzs"], wallet["paid_micros"]) == ("1000.000001", 1_000_000_001)
        assert (wallet["bonus_uzs"], wallet["held_uzs"], wallet["currency"]) == ("5", "0", "UZS")
        assert wallet["available_uzs"] == wallet["balance_uzs"] == "1005.000001"
        assert (wallet["spent_today_uzs"], wallet["requests_today"]) == ("31.5", 1)
        assert wallet["low_balance_uzs"] == "10000"
        free = wallet["free_requests"]
        assert (free["used"], free["left"], free["limit"]) == (7, 93, 100)
        assert free["resets_at"].endswith("T00:00:00+05:00")


def test_an_empty_wallet_is_zero_and_has_no_free_requests() -> None:
    wallet = browser(make_caller()).get("/api/wallet").json()
    assert (wallet["balance_uzs"], wallet["free_requests"]) == ("0", None)


def test_who_may_ask() -> None:
    caller = make_caller(scopes=("inference",))
    watcher = viewer(caller)
    for path in ("/api/wallet", "/api/topups"):
        assert by_key(caller).get(path).json()["error"]["code"] == "scope_missing"
        assert Client().get(path).json()["error"]["code"] == "missing_api_key"
        assert watcher.get(path).status_code == 200
    assert file(watcher, amount_uzs="50000", reference="1").status_code == 403


def test_a_top_up_is_filed_read_and_cancelled() -> None:
    caller = make_caller(scopes=("manage",))
    filed = file(by_key(caller), amount_uzs="50000.25", reference=" Order  7 ").json()
    assert (filed["amount_uzs"], filed["state"], filed["reference"]) == ("50000.25", "pending", "Order 7")
    path = f"/api/topups/{filed['id']}"
    assert browser(caller).get(path).json() == filed
    assert (
        file(by_key(caller), amount_uzs="1000", reference="order 7").json()["error"]["code"]
        == "reference_known"
    )
    cancelled = by_key(caller).delete(path).json()
    assert cancelled["state"] == "cancelled" and cancelled["decided_at"]
    assert by_key(caller).delete(path).json()["error"]["code"] == "not_pending"


def test_what_is_decided_is_not_cancelled() -> None:
    caller = make_caller()
    filed = file(browser(caller), amount_uzs="50000", reference="1").json()
    topup = TopUp.objects.get(org=caller.organization)
    approve(topup.pk, make_caller().user, arrived(topup).pk)
    answer = browser(caller).delete(f"/api/topups/{filed['id']}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "not_pending")
    assert browser(caller).get(f"/api/topups/{filed['id']}").json()["credited_uzs"] == "50000"
    assert caller.balance() == 50_000 * MICROS


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"amount_uzs": "999.99", "reference": "1"}, "amount_uzs"),
        ({"amount_uzs": "100000000.01", "reference": "1"}, "amount_uzs"),
        ({"amount_uzs": "1000.001", "reference": "1"}, "amount_uzs"),
        ({"amount_uzs": "50000", "reference": ""}, "reference"),
        ({"amount_uzs": "50000", "reference": "1", "state": "paid"}, "state"),
    ],
)
def test_a_top_up_that_cannot_be_is_refused(body: dict[str, str], param: str) -> None:
    caller = make_caller()
    answer = file(browser(caller), **body)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)
    assert not TopUp.objects.filter(org=caller.organization).exists()


def test_the_list_goes_on_where_it_ended_and_is_narrowed() -> None:
    caller, other = make_caller(), make_caller()
    client = browser(caller)
    ids = [file(client, amount_uzs="50000", reference=str(number)).json()["id"] for number in range(3)]
    file(browser(other), amount_uzs="50000", reference="theirs")
    client.delete(f"/api/topups/{ids[0]}")
    first = client.get("/api/topups?limit=2").json()
    assert ([row["id"] for row in first["data"]], first["has_more"]) == ([ids[2], ids[1]], True)
    rest = client.get(f"/api/topups?limit=2&before={ids[1]}").json()
    assert ([row["id"] for row in rest["data"]], rest["has_more"]) == ([ids[0]], False)
    assert [row["id"] for row in client.get("/api/topups?state=cancelled").json()["data"]] == [ids[0]]
    for query in ("limit=0", "limit=101", "limit=x", "state=odd", "provider=odd", "before=topup_x"):
        assert client.get(f"/api/topups?{query}").status_code == 400, query


def test_a_top_up_of_others_is_as_missing_as_a_missing_one() -> None:
    alice, bob = make_caller(scopes=("manage",)), make_caller()
    theirs = file(browser(bob), amount_uzs="50000", reference="1").json()["id"]
    for client in (browser(alice), by_key(alice)):
        assert client.get(f"/api/topups/{theirs}").status_code == 404
        assert client.delete(f"/api/topups/{theirs}").status_code == 404
        assert client.get(f"/api/topups?before={theirs}").status_code == 400
    assert TopUp.objects.get(org=bob.organization).state == "pending"


def test_credits_less_usage_is_the_balance() -> None:
    caller = make_caller(balance_uzs=100, bonus_uzs=1)
    call(caller, 700)
    refund(call(caller, 1_300), reason="test", author="test")
    answer = by_key(caller).get("/v1/credits")
    data = json.loads(answer.content, parse_float=Decimal)["data"]
    assert data["total_usage"] == Decimal("0.0007")
    assert data["total_credits"] == 101
    assert data["total_credits_micros"] - data["total_usage_micros"] == caller.balance()
    assert (data["currency"], data["balance_uzs"]) == ("UZS", "100.9993")
    assert Client().get("/v1/credits").status_code == 401
    assert json.loads(by_key(make_caller()).get("/v1/credits").content)["data"]["total_credits"] == 0
