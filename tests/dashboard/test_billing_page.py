"""Filing a top-up, and what the list of transfers says."""

import pytest

from billing.models import TopUp
from billing.topups import approve
from dashboard.forms import UzsField
from dashboard.topups import PENDING_MAX
from tests.dashboard.calls import browser
from tests.factories import MICROS, credit, make_caller
from tests.transfers import arrived

pytestmark = pytest.mark.django_db


def test_a_request_waits_for_an_operator_and_then_counts() -> None:
    caller, operator = make_caller(), make_caller()
    client = browser(caller)
    page = client.post("/dashboard/billing", {"amount": "100 000", "reference": " Order  118 "}, follow=True)
    assert "The request is filed" in page.content.decode()
    topup = TopUp.objects.get(org=caller.organization)
    assert (topup.amount_micros, topup.reference, topup.state) == (100_000 * MICROS, "Order 118", "pending")
    assert caller.balance() == 0
    approve(topup.pk, operator.user, arrived(topup).pk)
    text = client.get("/dashboard/billing").content.decode()
    assert "100,000.00\u00a0UZS" in text and "+100,000.00" in text and ">paid</span>" in text


@pytest.mark.parametrize("amount", ["", "0", "999.99", "100000001", "-5000", "1e6", "NaN", "१०००"])
def test_an_impossible_amount_is_refused(amount: str) -> None:
    caller = make_caller()
    page = browser(caller).post("/dashboard/billing", {"amount": amount, "reference": "1"})
    assert "errorlist" in page.content.decode()
    assert not TopUp.objects.filter(org=caller.organization).exists()


@pytest.mark.parametrize(
    ("text", "micros"),
    [
        ("50000", 50_000 * MICROS),
        ("50 000", 50_000 * MICROS),
        ("50,000", 50_000 * MICROS),
        ("50.000", 50_000 * MICROS),
        ("1,500,000.25", 1_500_000_250_000),
        ("1.500.000,25", 1_500_000_250_000),
        ("1500,25", 1_500_250_000),
        ("1500.25", 1_500_250_000),
    ],
)
def test_an_amount_is_read_as_people_write_it(text: str, micros: int) -> None:
    assert UzsField().clean(text) == micros


def test_one_transfer_is_filed_once() -> None:
    caller = make_caller()
    client = browser(caller)
    client.post("/dashboard/billing", {"amount": "5000", "reference": "Order 7"})
    page = client.post("/dashboard/billing", {"amount": "5000", "reference": "order  7"})
    assert "filed this transfer before" in page.content.decode()
    assert TopUp.objects.filter(org=caller.organization).count() == 1


def test_undecided_requests_are_limited() -> None:
    caller = make_caller()
    client = browser(caller)
    for number in range(PENDING_MAX + 1):
        page = client.post("/dashboard/billing", {"amount": "5000", "reference": f"Order {number}"})
    assert "still waiting" in page.content.decode()
    assert TopUp.objects.filter(org=caller.organization).count() == PENDING_MAX


def test_transfers_are_told_apart_and_paged() -> None:
    caller = make_caller(balance_uzs=1)
    for _ in range(26):
        credit(caller, bonus_micros=3 * MICROS)
    client = browser(caller)
    first = client.get("/dashboard/billing").content.decode()
    assert first.count("+3.00") == 25 and "+1.00" not in first and "Older" in first
    cursor = first.rsplit("before=", 1)[1].split("#")[0]
    second = client.get("/dashboard/billing", {"before": cursor}).content.decode()
    assert second.count("+3.00") == 1 and second.count("+1.00") == 1 and "Older" not in second
    assert "No transfers yet" in client.get("/dashboard/billing", {"kind": "calls"}).content.decode()


def test_a_cursor_of_nonsense_is_not_found() -> None:
    assert browser(make_caller()).get("/dashboard/billing", {"before": "x"}).status_code == 404
