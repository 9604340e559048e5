"""C1–C27: Click's server against ours, over HTTP. The numbers are those of the acceptance list."""

import pytest

from billing.models import Channel, Discrepancy, ExternalMessage, ProviderTransaction, TopUp
from billing.providers import click as wire
from tests.factories import MICROS, make_caller
from tests.payments.breakage import failing_wallet
from tests.payments.looks import at_once, spend, transfers, wallet
from tests.payments.providers import PRICE_UZS, Click, owed, trans_id
from tests.stack import Stack


@pytest.fixture
def click(stack: Stack) -> Click:
    return Click(stack.url)


@pytest.fixture
def topup(stack: Stack) -> TopUp:
    return owed(provider=Channel.CLICK)


def prepared(click: Click, topup: TopUp) -> tuple[int, int]:
    """An attempt that may be completed: click_trans_id and merchant_prepare_id."""
    trans = trans_id()
    answer = click.prepare(trans, topup.pk)
    assert answer["error"] == 0
    return trans, answer["merchant_prepare_id"]


def test_c1_a_prepare_is_answered_with_our_number_and_moves_no_money(click: Click, topup: TopUp) -> None:
    trans = trans_id()
    answer = click.prepare(trans, topup.pk)
    assert (answer["error"], answer["error_note"]) == (0, "Success")
    assert (answer["click_trans_id"], answer["merchant_trans_id"]) == (trans, str(topup.pk))
    assert type(answer["merchant_prepare_id"]) is int and wallet(topup) == 0


@pytest.mark.parametrize(
    ("changes", "digest"),
    [
        ({"amount": "50000.00"}, "160f69f80476c56b23ae7cf8563457e3"),
        ({"amount": "50000"}, "d3c14f0cf441f039b95500b46318eea8"),
        (
            {"merchant_prepare_id": "77", "sign_time": "2026-11-20 10:00:05"},
            "51b94eb6b3bcb93ca773f98eca2f8d27",
        ),
    ],
)
def test_c1_signatures_are_clicks_own(changes: dict[str, str], digest: str) -> None:
    form = Click("").form(1001, 1042, **changes)
    assert wire.sign(form, "TESTSECRET") == digest
    assert not wire.signed(form | {"sign_string": wire.sign(form, "")}, "")


def test_c2_a_wrong_signature_leaves_no_row(click: Click, topup: TopUp) -> None:
    trans = trans_id()
    right = click.form(trans, topup.pk)["sign_string"]
    wrong = right[:-1] + ("0" if right[-1] != "0" else "1")
    assert click.prepare(trans, topup.pk, sign_string=wrong)["error"] == -1
    assert click.prepare(trans, topup.pk, sign_string=right.upper() + "é")["error"] == -1
    assert click.prepare(trans, topup.pk, sign_string=None)["error"] == -8
    assert not topup.payments.exists()
    assert not ExternalMessage.objects.filter(source="click", external_id=str(trans)).exists()


@pytest.mark.parametrize("amount", ["50000", "50000.0", "50000.00", "50000.000"])
def test_c3_an_amount_is_signed_as_text_and_compared_as_a_number(
    click: Click, topup: TopUp, amount: str
) -> None:
    assert click.prepare(trans_id(), topup.pk, amount=amount)["error"] == 0


def test_c4_an_amount_signed_otherwise_is_refused(click: Click, topup: TopUp) -> None:
    trans = trans_id()
    signature = click.form(trans, topup.pk, amount="50000")["sign_string"]
    assert click.prepare(trans, topup.pk, sign_string=signature)["error"] == -1


@pytest.mark.parametrize("order", ["999999999", "abc", "", " ", "٣", "1e3", "-1", "9" * 40])
def test_c5_an_unknown_top_up_is_no_user(click: Click, order: str) -> None:
    assert click.prepare(trans_id(), order)["error"] == -5
    assert click.complete(trans_id(), order, 1)["error"] == -5


@pytest.mark.parametrize("amount", ["49999.99", "500.00", "-1", "NaN", "5e4", "50000.001", "", "1" * 40])
def test_c6_another_amount_is_incorrect(click: Click, topup: TopUp, amount: str) -> None:
    assert click.prepare(trans_id(), topup.pk, amount=amount)["error"] == -2
    assert not topup.payments.exists()


def test_c7_another_action_is_not_found(click: Click, topup: TopUp) -> None:
    for action in ("2", "", "00"):
        assert click.prepare(trans_id(), topup.pk, action=action)["error"] == -3


def test_c8_a_missing_field_is_an_error_of_the_request(click: Click, topup: TopUp) -> None:
    for name in ("click_paydoc_id", "sign_time", "amount", "error", "service_id", "action"):
        form = click.form(trans_id(), topup.pk)
        del form[name]
        assert click.post(form)["error"] == -8
    form = click.form(trans_id(), topup.pk, merchant_prepare_id=1)
    del form["merchant_prepare_id"]
    assert click.post(form)["error"] == -8


def test_c9_another_service_is_refused(click: Click, topup: TopUp) -> None:
    assert click.prepare(trans_id(), topup.pk, service_id="54321")["error"] == -8
    assert not topup.payments.exists()


def test_c10_prepared_again_it_is_the_same(click: Click, topup: TopUp) -> None:
    trans, prepare_id = prepared(click, topup)
    assert click.prepare(trans, topup.pk)["merchant_prepare_id"] == prepare_id
    answers = at_once(10, lambda: Click(click.url).prepare(trans, topup.pk), on=topup)
    assert {(one["error"], one["merchant_prepare_id"]) for one in answers} == {(0, prepare_id)}
    assert topup.payments.count() == 1


def test_c10_one_number_belongs_to_one_top_up(click: Click, topup: TopUp) -> None:
    trans, _ = prepared(click, topup)
    other = owed(provider=Channel.CLICK)
    assert click.prepare(trans, other.pk)["error"] == -8
    assert not other.payments.exists()


def test_c11_a_paid_top_up_is_not_prepared(click: Click, topup: TopUp) -> None:
    click.pay(trans_id(), topup.pk)
    assert click.prepare(trans_id(), topup.pk)["error"] == -4


def test_c11_a_closed_top_up_is_not_prepared(click: Click, topup: TopUp) -> None:
    TopUp.objects.filter(pk=topup.pk).update(expires_at="2026-01-01T00:00Z")
    assert click.prepare(trans_id(), topup.pk)["error"] == -9
    TopUp.objects.filter(pk=topup.pk).update(state="cancelled", decided_at="2026-01-01T00:00Z")
    assert click.prepare(trans_id(), topup.pk)["error"] == -9


def test_c12_a_prepare_of_a_failure_is_cancelled(click: Click, topup: TopUp) -> None:
    assert click.prepare(trans_id(), topup.pk, error="-5017")["error"] == -9
    assert not topup.payments.exists()


def test_c13_c14_completed_once_or_twice_it_credits_once(click: Click, topup: TopUp) -> None:
    trans, prepare_id = prepared(click, topup)
    done = click.complete(trans, topup.pk, prepare_id)
    assert (done["error"], type(done["merchant_confirm_id"])) == (0, int)
    assert (wallet(topup), transfers(topup)) == (PRICE_UZS, [1])
    assert click.complete(trans, topup.pk, prepare_id)["error"] == -4
    assert (wallet(topup), transfers(topup)) == (PRICE_UZS, [1])


def test_c15_completed_ten_times_at_once_it_credits_once(click: Click, topup: TopUp) -> None:
    trans, prepare_id = prepared(click, topup)
    answers = at_once(10, lambda: Click(click.url).complete(trans, topup.pk, prepare_id), on=topup)
    assert sorted(answer["error"] for answer in answers) == [-4] * 9 + [0]
    assert (wallet(topup), transfers(topup)) == (PRICE_UZS, [1])


def test_c16_c17_a_wrong_signature_or_amount_completes_nothing(click: Click, topup: TopUp) -> None:
    trans, prepare_id = prepared(click, topup)
    assert click.complete(trans, topup.pk, prepare_id, sign_string="0" * 32)["error"] == -1
    assert click.complete(trans, topup.pk, prepare_id, amount="300")["error"] == -2
    assert wallet(topup) == 0
    assert click.complete(trans, topup.pk, prepare_id)["error"] == 0


def test_c18_c19_c20_only_its_own_prepare_completes_an_attempt(click: Click, topup: TopUp) -> None:
    trans, prepare_id = prepared(click, topup)
    other = owed(provider=Channel.CLICK)
    other_trans, other_id = prepared(click, other)
    attempts = [
        (trans, topup, 999_999_999),
        (trans, topup, "abc"),
        (trans, topup, other_id),
        (other_trans, topup, other_id),
        (trans, other, prepare_id),
        (trans_id(), topup, prepare_id),
    ]
    for number, one, given in attempts:
        assert click.complete(number, one.pk, given)["error"] == -6
    assert (wallet(topup), wallet(other)) == (0, 0)


def test_c21_c22_a_failed_payment_is_cancelled_for_good(click: Click, topup: TopUp) -> None:
    trans, prepare_id = prepared(click, topup)
    for error in ("-5017", "-5017", "0"):
        assert click.complete(trans, topup.pk, prepare_id, error=error)["error"] == -9
    row = ProviderTransaction.objects.get(external_id=str(trans))
    assert (row.state, row.reason, wallet(topup)) == (-1, -5017, 0)
    assert click.prepare(trans, topup.pk)["error"] == -9
    assert click.pay(trans_id(), topup.pk)["error"] == 0


def test_c23_a_failure_after_the_payment_sets_the_money_aside(click: Click, topup: TopUp) -> None:
    trans, prepare_id = prepared(click, topup)
    click.complete(trans, topup.pk, prepare_id)
    for _ in range(2):
        assert click.complete(trans, topup.pk, prepare_id, error="-5017")["error"] == -9
    assert (wallet(topup), transfers(topup)) == (0, [1, 16])
    found = Discrepancy.objects.filter(external_id=str(trans), kind="disputed", closed_at=None)
    assert found.count() == 1


def test_c23_only_what_is_left_is_set_aside(click: Click, topup: TopUp) -> None:
    trans, prepare_id = prepared(click, topup)
    click.complete(trans, topup.pk, prepare_id)
    spend(topup, 45_000)
    assert click.complete(trans, topup.pk, prepare_id, error="-1")["error"] == -9
    row = ProviderTransaction.objects.get(external_id=str(trans))
    assert (row.disputed_micros, wallet(topup)) == (5_000 * MICROS, 0)


def test_c24_two_attempts_that_both_took_money_are_both_credited(click: Click, topup: TopUp) -> None:
    first, second = prepared(click, topup), prepared(click, topup)
    for trans, prepare_id in (first, second):
        assert click.complete(trans, topup.pk, prepare_id)["error"] == 0
    assert wallet(topup) == 2 * PRICE_UZS
    topup.refresh_from_db()
    assert (topup.state, topup.credited_micros) == ("paid", 2 * PRICE_UZS * MICROS)
    assert Discrepancy.objects.filter(external_id=str(second[0]), kind="overpaid").count() == 1


def test_c24_money_that_comes_after_the_top_up_was_closed_still_counts(click: Click, topup: TopUp) -> None:
    trans, prepare_id = prepared(click, topup)
    TopUp.objects.filter(pk=topup.pk).update(state="expired", decided_at="2026-01-01T00:00Z")
    assert click.complete(trans, topup.pk, prepare_id)["error"] == 0
    assert wallet(topup) == PRICE_UZS


def test_c25_the_largest_number_is_kept_exactly(click: Click, topup: TopUp) -> None:
    largest = 2**63 - 1
    answer = click.prepare(largest, topup.pk)
    assert (answer["click_trans_id"], answer["error"]) == (largest, 0)
    assert topup.payments.get().external_id == str(largest)
    assert click.prepare(largest + 1, topup.pk)["error"] == -8


@pytest.mark.parametrize(
    "body", [b'{"click_trans_id": 1}', b"", b"\xff=\xff", b"&" * 100, b"a=1&a=2", b"a=%00" * 30_000]
)
def test_c26_what_is_no_form_is_an_error_of_the_request(click: Click, body: bytes) -> None:
    answer = click.post(body, "/pay/click/prepare", **{"Content-Type": "application/json"})
    assert (answer["error"], answer["click_trans_id"]) == (-8, None)


def test_c27_a_database_error_undoes_everything_and_a_retry_credits_once(click: Click, topup: TopUp) -> None:
    trans, prepare_id = prepared(click, topup)
    with failing_wallet(topup.org_id):
        assert click.complete(trans, topup.pk, prepare_id)["error"] == -7
        assert (wallet(topup), transfers(topup)) == (0, [])
    assert click.complete(trans, topup.pk, prepare_id)["error"] == 0
    assert (wallet(topup), transfers(topup)) == (PRICE_UZS, [1])


def test_a_kept_form_can_not_be_sent_again(click: Click, topup: TopUp) -> None:
    trans, _ = prepared(click, topup)
    kept = ExternalMessage.objects.get(external_id=str(trans), source="click")
    assert b"merchant_trans_id" in bytes(kept.body) and bytes(kept.body).endswith(b"sign_string=")


def test_a_get_is_an_error_of_the_request(click: Click) -> None:
    reply = click.session.get(f"{click.url}/pay/click/complete", timeout=60)
    assert (reply.status_code, reply.json()["error"]) == (200, -8)


def test_a_payers_money_is_credited_to_the_top_ups_own_organization(click: Click, topup: TopUp) -> None:
    other = make_caller(balance_uzs=5)
    click.pay(trans_id(), topup.pk)
    assert other.balance() == 5 * MICROS
