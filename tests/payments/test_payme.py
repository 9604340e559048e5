"""P1–P37: Payme's server against ours, over HTTP. The numbers are those of the acceptance list."""

import json
from typing import Any

import pytest
import requests

from billing.invariants import broken, check
from billing.models import ExternalMessage, ProviderTransaction, TopUp
from billing.providers.payme import LIFE_MS, authorized
from tests.factories import MICROS, make_caller, rows
from tests.payments.breakage import failing_wallet
from tests.payments.clock import stopped_clock
from tests.payments.looks import at_once, spend, transfers, wallet
from tests.payments.providers import PRICE_TIYIN, PRICE_UZS, Payme, now_ms, owed, transaction_id
from tests.stack import Stack

METHODS = {
    "CheckPerformTransaction": {"amount": 1, "account": {}},
    "CreateTransaction": {"id": "a", "time": 1, "amount": 1, "account": {}},
    "PerformTransaction": {"id": "a"},
    "CancelTransaction": {"id": "a", "reason": 3},
    "CheckTransaction": {"id": "a"},
    "GetStatement": {"from": 0, "to": 1},
    "SetFiscalData": {"id": "a", "type": "PERFORM", "fiscal_data": {}},
}


@pytest.fixture
def payme(stack: Stack) -> Payme:
    return Payme(stack.url)


@pytest.fixture
def topup(stack: Stack) -> TopUp:
    return owed()


def paid(payme: Payme, topup: TopUp) -> str:
    """A transaction that was performed."""
    id_ = transaction_id()
    assert payme.create(id_, topup.pk)["state"] == 1
    assert payme.perform(id_)["state"] == 2
    return id_


def age(id_: str, ms: int) -> None:
    """Make a transaction this old."""
    ProviderTransaction.objects.filter(external_id=id_).update(provider_ms=now_ms() - ms)


def test_p1_a_get_is_told_so(payme: Payme) -> None:
    for method in ("GET", "PUT", "HEAD"):
        reply = requests.request(method, f"{payme.url}/pay/payme", timeout=60)
        assert reply.status_code == 200
        assert method == "HEAD" or reply.json()["error"]["code"] == -32300


@pytest.mark.parametrize("method", METHODS)
def test_p2_without_the_key_no_method_does_anything(payme: Payme, method: str) -> None:
    body = json.dumps({"id": 1, "method": method, "params": METHODS[method]}).encode()
    before = ExternalMessage.objects.count()
    for header in ("", "Basic UGF5Y29tOndyb25n", "Bearer UGF5Y29tOnRlc3Qta2V5LTEyMw==", "Basic !!", "Basic"):
        answer = payme.post(body, Authorization=header)
        assert (answer["id"], answer["error"]["code"]) == (1, -32504)
    assert ExternalMessage.objects.count() == before


def test_p3_a_key_that_is_not_set_matches_nobody() -> None:  # over HTTP: test_ways.py
    assert not authorized("Basic UGF5Y29tOg==", "Paycom", "")
    assert authorized("Basic UGF5Y29tOnRlc3Qta2V5LTEyMw==", "Paycom", "test-key-123")


@pytest.mark.parametrize("body", [b"{bad", b"", b"\xff", b"[" * 100_000, b'{"id":1,"amount":NaN}'])
def test_p4_what_is_no_json_is_told_so(payme: Payme, body: bytes) -> None:
    assert payme.post(body)["error"]["code"] == -32700


@pytest.mark.parametrize(
    "body",
    [
        {"id": 1},
        {"id": 1, "method": "CheckTransaction", "params": []},
        {"id": 1, "method": 5, "params": {}},
        {"id": 1, "method": "CheckTransaction", "params": {"id": 5}},
        {"id": 1, "method": "CheckTransaction", "params": {"id": "a\x00b"}},
        {"id": 1, "method": "CancelTransaction", "params": {"id": "a", "reason": "x"}},
        {"id": 1, "method": "CreateTransaction", "params": {"id": "a", "time": "1", "amount": 1}},
        {"id": 1, "method": "GetStatement", "params": {"from": None, "to": 1}},
        {"id": {}, "method": "CheckTransaction", "params": {"id": "a"}},
        [],
    ],
)
def test_p5_a_call_that_lacks_or_mistypes_a_field_is_told_so(payme: Payme, body: Any) -> None:
    assert payme.post(json.dumps(body).encode())["error"]["code"] == -32600


@pytest.mark.parametrize("method", ["Foo", "ChangePassword", "checktransaction"])
def test_p6_an_unknown_method_is_named(payme: Payme, method: str) -> None:
    error = payme.call(method, password="never kept")["error"]
    assert (error["code"], error["data"]) == (-32601, method)
    newest = ExternalMessage.objects.filter(source="payme").latest("id")
    assert (newest.method, bytes(newest.body)) == ("", b"")


def test_p7_any_content_type_is_read(payme: Payme, topup: TopUp) -> None:
    params = {"amount": PRICE_TIYIN, "account": {"topup_id": topup.pk}}
    body = json.dumps({"id": 1, "method": "CheckPerformTransaction", "params": params}).encode()
    for content_type in ("text/json; charset=UTF-8", "application/json", "text/plain", ""):
        assert payme.post(body, **{"Content-Type": content_type})["result"] == {"allow": True}


def test_p8_a_top_up_that_waits_may_be_paid_and_asking_writes_nothing(payme: Payme, topup: TopUp) -> None:
    assert payme.check_perform(topup.pk) == {"allow": True}
    assert payme.check_perform(str(topup.pk)) == {"allow": True}
    assert not topup.payments.exists() and wallet(topup) == 0


@pytest.mark.parametrize("amount", [4_999_999, 50_000, 0, -1, "5000000", 5000000.5, True, None, 10**30])
def test_p9_another_amount_is_wrong(payme: Payme, topup: TopUp, amount: Any) -> None:
    assert payme.check_perform(topup.pk, amount)["error"]["code"] == -31001


@pytest.mark.parametrize("number", [999_999_999, "abc", "", None, "٣", {}, -1, 10**30, 1.0, True])
def test_p10_an_unknown_top_up_is_refused_in_three_languages(payme: Payme, number: Any) -> None:
    error = payme.check_perform(number)["error"]
    assert (error["code"], error["data"], set(error["message"])) == (-31050, "topup_id", {"ru", "uz", "en"})
    assert all(error["message"].values())
    assert payme.code("CheckPerformTransaction", amount=1, account={}) == -31050
    assert payme.code("CheckPerformTransaction", amount=1) == -31050


def test_p10_a_top_up_of_another_provider_is_unknown(payme: Payme, stack: Stack) -> None:
    assert payme.check_perform(owed(provider="click").pk)["error"]["code"] == -31050


def test_p11_a_closed_top_up_is_refused(payme: Payme, topup: TopUp) -> None:
    paid(payme, topup)
    late, closed = owed(), owed()
    TopUp.objects.filter(pk=late.pk).update(expires_at="2026-01-01T00:00Z")
    TopUp.objects.filter(pk=closed.pk).update(state="cancelled", decided_at="2026-01-01T00:00Z")
    for one in (topup, late, closed):
        error = payme.check_perform(one.pk)["error"]
        assert (error["code"], error["data"]) == (-31051, "topup_id")


def test_p12_a_transaction_is_created_and_moves_no_money(payme: Payme, topup: TopUp) -> None:
    made = payme.create(transaction_id(), topup.pk)
    assert (made["state"], type(made["transaction"]), len(str(made["create_time"]))) == (1, str, 13)
    assert wallet(topup) == 0


def test_p13_created_again_it_is_the_same(payme: Payme, topup: TopUp) -> None:
    id_ = transaction_id()
    first = payme.create(id_, topup.pk)
    params = {"id": id_, "time": now_ms(), "amount": PRICE_TIYIN, "account": {"topup_id": str(topup.pk)}}
    assert payme.create(id_, topup.pk) == first
    assert payme.call("CreateTransaction", "another", **params) == first
    assert topup.payments.count() == 1


def test_p14_created_ten_times_at_once_it_is_one(payme: Payme, topup: TopUp) -> None:
    id_ = transaction_id()
    answers = at_once(10, lambda: Payme(payme.url).create(id_, topup.pk), on=topup)
    assert all(answer == answers[0] and answer["state"] == 1 for answer in answers)
    assert topup.payments.count() == 1


def test_p15_a_second_transaction_finds_the_top_up_busy(payme: Payme, topup: TopUp) -> None:
    payme.create(transaction_id(), topup.pk)
    assert payme.create(transaction_id(), topup.pk)["error"]["code"] == -31008
    assert payme.check_perform(topup.pk) == {"allow": True}


def test_p16_of_two_transactions_at_once_one_is_created(payme: Payme, topup: TopUp) -> None:
    ids = transaction_id(), transaction_id()
    answers = at_once(1, *(lambda id_=id_: Payme(payme.url).create(id_, topup.pk) for id_ in ids), on=topup)
    assert sorted("error" in answer for answer in answers) == [False, True]
    assert topup.payments.count() == 1


def test_p17_a_wrong_amount_or_account_creates_nothing(payme: Payme, topup: TopUp) -> None:
    assert payme.create(transaction_id(), topup.pk, 4_999_999)["error"]["code"] == -31001
    assert payme.create(transaction_id(), 999_999_999)["error"]["code"] == -31050
    assert not topup.payments.exists()


def test_p18_a_transaction_that_is_too_old_is_not_created(payme: Payme, topup: TopUp) -> None:
    old = now_ms() - 13 * 3_600_000
    assert payme.create(transaction_id(), topup.pk, time_ms=old)["error"]["code"] == -31008
    assert not topup.payments.exists()


def test_p19_an_unknown_transaction_is_not_performed(payme: Payme) -> None:
    assert payme.perform(transaction_id())["error"]["code"] == -31003


def test_p20_p21_performed_once_or_twice_it_credits_once(payme: Payme, topup: TopUp) -> None:
    id_ = transaction_id()
    payme.create(id_, topup.pk)
    done = payme.perform(id_)
    assert (done["state"], len(str(done["perform_time"]))) == (2, 13)
    assert (wallet(topup), transfers(topup)) == (PRICE_UZS, [1])
    assert payme.perform(id_) == done
    assert (wallet(topup), transfers(topup)) == (PRICE_UZS, [1])
    topup.refresh_from_db()
    assert (topup.state, topup.credited_micros) == ("paid", PRICE_UZS * MICROS)


def test_p22_performed_ten_times_at_once_it_credits_once(payme: Payme, topup: TopUp) -> None:
    id_ = transaction_id()
    payme.create(id_, topup.pk)
    answers = at_once(10, lambda: Payme(payme.url).perform(id_), on=topup)
    assert all(answer == answers[0] and answer["state"] == 2 for answer in answers)
    assert (wallet(topup), transfers(topup)) == (PRICE_UZS, [1])


def test_p23_after_twelve_hours_it_ends_instead(payme: Payme, topup: TopUp) -> None:
    id_ = transaction_id()
    payme.create(id_, topup.pk)
    age(id_, LIFE_MS + 1)
    assert payme.perform(id_)["error"]["code"] == -31008
    found = payme.check(id_)
    assert (found["state"], found["reason"], wallet(topup)) == (-1, 4, 0)
    assert payme.create(id_, topup.pk)["error"]["code"] == -31008
    assert payme.create(transaction_id(), topup.pk)["state"] == 1


def test_p23_at_exactly_twelve_hours_it_is_still_performed_and_a_millisecond_later_not(
    payme: Payme, stack: Stack
) -> None:
    with stopped_clock() as clock:
        topups, ids = [owed() for _ in range(3)], [transaction_id() for _ in range(3)]
        for topup, id_ in zip(topups[:2], ids[:2], strict=True):
            assert payme.create(id_, topup.pk, time_ms=clock.now_ms - LIFE_MS)["state"] == 1
        done = payme.perform(ids[0])
        assert (done["state"], done["perform_time"]) == (2, clock.now_ms)
        clock.pass_ms(1)
        assert payme.perform(ids[0]) == done
        assert payme.perform(ids[1])["error"]["code"] == -31008
        ended = payme.check(ids[1])
        assert (ended["state"], ended["reason"], ended["cancel_time"]) == (-1, 4, clock.now_ms)
        late = payme.create(ids[2], topups[2].pk, time_ms=clock.now_ms - LIFE_MS - 1)
        assert late["error"]["code"] == -31008
    assert [wallet(topup) for topup in topups] == [PRICE_UZS, 0, 0]
    assert [topup.payments.count() for topup in topups] == [1, 1, 0]


def test_p23_an_old_transaction_makes_way_for_a_new_one(payme: Payme, topup: TopUp) -> None:
    old = transaction_id()
    payme.create(old, topup.pk)
    age(old, LIFE_MS + 1)
    assert payme.create(transaction_id(), topup.pk)["state"] == 1
    assert payme.check(old)["reason"] == 4


def test_p24_p25_p26_a_cancelled_transaction_stays_so(payme: Payme, topup: TopUp) -> None:
    id_ = transaction_id()
    payme.create(id_, topup.pk)
    ended = payme.cancel(id_, 3)
    assert (ended["state"], len(str(ended["cancel_time"]))) == (-1, 13)
    assert payme.cancel(id_, 5) == ended
    assert payme.check(id_)["reason"] == 3
    assert payme.perform(id_)["error"]["code"] == -31008
    assert (wallet(topup), transfers(topup)) == (0, [])
    assert payme.create(transaction_id(), topup.pk)["state"] == 1


def test_p27_what_was_paid_can_be_taken_back(payme: Payme, topup: TopUp) -> None:
    id_ = paid(payme, topup)
    ended = payme.cancel(id_, 5)
    assert ended["state"] == -2
    assert payme.cancel(id_, 1) == ended
    assert (wallet(topup), transfers(topup)) == (0, [1, 15])
    topup.refresh_from_db()
    assert (topup.state, topup.reversed_micros) == ("reversed", PRICE_UZS * MICROS)
    credit = rows("SELECT id FROM transfer WHERE credit = paid_account(%s)", topup.org_id)[0]["id"]
    assert rows("SELECT count(*) AS n FROM reversal WHERE reverses = %s", credit) == [{"n": 1}]


def test_p28_what_was_spent_can_not(payme: Payme, topup: TopUp) -> None:
    id_ = paid(payme, topup)
    spend(topup, 40_000)
    assert payme.cancel(id_, 5)["error"]["code"] == -31007
    assert (payme.check(id_)["state"], wallet(topup)) == (2, 10_000)


def test_p29_performed_and_cancelled_at_once_it_ends_in_one_way(payme: Payme, stack: Stack) -> None:
    for _ in range(5):
        topup, id_ = owed(), transaction_id()
        payme.create(id_, topup.pk)
        performed, cancelled = at_once(
            1,
            lambda id_=id_: Payme(payme.url).perform(id_),
            lambda id_=id_: Payme(payme.url).cancel(id_),
            on=topup,
        )
        assert (performed.get("state"), cancelled["state"]) in {(2, -2), (None, -1)}
        assert wallet(topup) == 0
    assert not {f.invariant.name for f in broken(check())} & {
        "wallet_is_its_transfers", "topups_are_credited_once", "clearing_is_credited_topups"
    }  # fmt: skip


def test_p30_an_unknown_transaction_is_neither_cancelled_nor_found(payme: Payme) -> None:
    assert payme.cancel(transaction_id())["error"]["code"] == -31003
    assert payme.check(transaction_id())["error"]["code"] == -31003


def test_p31_each_state_is_told_with_its_times(payme: Payme, stack: Stack) -> None:
    ids = [transaction_id() for _ in range(4)]
    for id_ in ids:
        payme.create(id_, owed().pk)
    for id_ in (ids[1], ids[3]):
        payme.perform(id_)
    payme.cancel(ids[2], 3)
    payme.cancel(ids[3], 5)
    told = [payme.check(id_) for id_ in ids]
    assert [(one["state"], one["reason"]) for one in told] == [(1, None), (2, None), (-1, 3), (-2, 5)]
    assert [one["perform_time"] > 0 for one in told] == [False, True, False, True]
    assert [one["cancel_time"] > 0 for one in told] == [False, False, True, True]
    assert all(one["create_time"] > 0 and isinstance(one["transaction"], str) for one in told)


def test_p32_created_again_after_it_was_paid_it_is_refused(payme: Payme, topup: TopUp) -> None:
    id_ = paid(payme, topup)
    assert payme.create(id_, topup.pk)["error"]["code"] == -31008
    assert wallet(topup) == PRICE_UZS


def test_p33_the_statement_counts_both_ends_in_paymes_time(payme: Payme, stack: Stack) -> None:
    topups = [owed() for _ in range(3)]
    start = now_ms() - 3_600_000 + topups[0].pk  # a stretch of time of this test's own
    ids = [transaction_id() for _ in topups]
    for number in (2, 0, 1):
        payme.create(ids[number], topups[number].pk, time_ms=start + number)
    payme.create(transaction_id(), topups[0].pk, 1, time_ms=start)
    statement = payme.call("GetStatement", from_=start, to=start + 1)["transactions"]
    mine = [one for one in statement if one["id"] in ids]
    assert [one["id"] for one in mine] == ids[:2]
    first = mine[0]
    assert (first["time"], first["amount"], first["state"]) == (start, PRICE_TIYIN, 1)
    assert first["account"] == {"topup_id": str(topups[0].pk)}
    assert payme.call("GetStatement", from_=1, to=2)["transactions"] == []


def test_p34_fiscal_data_is_kept_for_payment_and_refund(payme: Payme, topup: TopUp) -> None:
    id_ = paid(payme, topup)
    for kind, number in (("PERFORM", 1), ("CANCEL", 2)):
        data = {"receipt_id": number, "qr_code_url": "https://ofd.soliq.uz/check"}
        assert payme.call("SetFiscalData", id=id_, type=kind, fiscal_data=data) == {"success": True}
    row = ProviderTransaction.objects.get(external_id=id_)
    assert (row.fiscal_perform["receipt_id"], row.fiscal_cancel["receipt_id"]) == (1, 2)
    assert payme.code("SetFiscalData", id=transaction_id(), type="PERFORM", fiscal_data={}) == -32001
    assert payme.code("SetFiscalData", id=id_, type="OTHER", fiscal_data={}) == -32602
    assert payme.code("SetFiscalData", id=id_, type="PERFORM", fiscal_data=[]) == -32602


def test_p35_a_database_error_undoes_everything_and_a_retry_succeeds(payme: Payme, topup: TopUp) -> None:
    id_ = transaction_id()
    payme.create(id_, topup.pk)
    with failing_wallet(topup.org_id):
        assert payme.perform(id_)["error"]["code"] == -32400
        assert (payme.check(id_)["state"], wallet(topup), transfers(topup)) == (1, 0, [])
    assert payme.perform(id_)["state"] == 2
    assert (wallet(topup), transfers(topup)) == (PRICE_UZS, [1])


def test_p36_a_paid_top_up_is_not_paid_again(payme: Payme, topup: TopUp) -> None:
    paid(payme, topup)
    assert payme.create(transaction_id(), topup.pk)["error"]["code"] == -31051
    assert wallet(topup) == PRICE_UZS


def test_each_message_is_kept_once_with_its_answer(payme: Payme, topup: TopUp) -> None:
    id_ = paid(payme, topup)
    kept = ExternalMessage.objects.filter(external_id=id_, source="payme").order_by("id")
    assert [one.method for one in kept] == ["CreateTransaction", "PerformTransaction"]
    assert json.loads(bytes(kept[1].answer))["result"]["state"] == 2
    assert b"test-key" not in bytes(kept[0].body) and kept[0].remote == "127.0.0.1"


def test_a_body_without_end_is_not_read(payme: Payme) -> None:
    assert payme.post(b" " * 70_000 + b"{}")["error"]["code"] == -32700


def test_a_customer_of_one_organization_is_credited_to_it_alone(payme: Payme, topup: TopUp) -> None:
    other = make_caller(balance_uzs=5)
    paid(payme, topup)
    assert other.balance() == 5 * MICROS
