"""check_ledger finds each way in which the books could be wrong, and nothing else."""

from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection

from billing.invariants import LAWS, broken, check
from billing.models import IncomingTransfer
from billing.topups import approve
from tests.billing.books import UZS, Customer, ask, end, query, reserve, settle
from tests.factories import make_caller
from tests.transfers import arrived, person
from tests.transfers import ask as ask_topup

pytestmark = pytest.mark.django_db


# What no test of this file has made anything of.
NEW = ("refunds_within_charges", "adjustments_are_their_transfers", "campaigns_within_budget")


def broken_laws() -> set[str]:
    return {finding.invariant.name for finding in broken(check())}


@pytest.fixture
def before() -> set[str]:
    """Laws that committed rows of other tests break in this database, such as charges without a log."""
    return broken_laws()


def busy_day() -> Customer:
    """Something of everything, all of it in order."""
    alice = Customer()
    alice.pay(UZS)
    alice.gift(300)
    calls = [ask(alice, free_wish=i == 3) for i in range(5)]
    reserve(*calls)
    settle(end(calls[0], 700), end(calls[1]), end(calls[3], 0))
    settle(end(calls[1], 50))
    settle(end(calls[4], 2 * UZS))
    return alice


def test_a_busy_day_breaks_no_law(before: set[str]) -> None:
    busy_day()
    # Only the gateway writes the request log, and these calls went past it.
    assert broken_laws() - before <= {"request_rows_are_charges", "usage_is_charges"}


def test_figures_are_told_for_each_law() -> None:
    busy_day()
    findings = check()
    quiet = (
        "topups_are_credited_once",
        "disputes_add_up",
        "bank_topups_have_arrived",
        "jobs_own_their_holds",
        "usage_counts_requests",
        "usage_is_charges",
        *NEW,
    )

    assert {f.invariant.name for f in findings} == {law.name for law in LAWS}
    assert all(f.checked > 0 for f in findings if f.invariant.name not in quiet)


BREAKS = [
    ("INSERT INTO finance_day VALUES (billing_today(), 200, 1, 5, 1)", "days_are_their_transfers"),
    ("UPDATE wallet SET paid_micros = paid_micros + 1 WHERE org_id = %(org)s", "wallet_is_its_transfers"),
    (
        "UPDATE wallet SET bonus_micros = bonus_micros + 1 WHERE org_id = %(org)s",
        "wallet_is_checkpoint_and_since",
    ),
    ("UPDATE wallet SET held_micros = held_micros - 1 WHERE org_id = %(org)s", "held_is_open_holds"),
    (
        "UPDATE cap_use SET spent_micros = spent_micros + 1 WHERE scope_id = %(key)s",
        "cap_use_is_holds_and_charges",
    ),
    (
        "UPDATE cap_use SET held_micros = held_micros + 1 WHERE scope_id = %(project)s",
        "cap_use_is_holds_and_charges",
    ),
    ("DELETE FROM cap_use WHERE scope_id = %(project)s", "cap_use_is_holds_and_charges"),
    ("UPDATE free_use SET used = used + 1 WHERE org = %(org)s", "free_units_within_quota"),
    (
        "UPDATE hold SET charged_micros = charged_micros + 1 WHERE org = %(org)s AND state = 1",
        "one_charge_per_call",
    ),
    (
        "UPDATE hold SET expires_at = now() - interval '2 minutes' WHERE org = %(org)s AND state = 0",
        "no_hold_past_its_deadline",
    ),
    ("UPDATE hold SET owner = -1 WHERE org = %(org)s AND state = 0", "jobs_own_their_holds"),
    (
        "INSERT INTO transfer (id, kind, debit, credit, amount_micros) SELECT transfer_id(id, 3), 3,"
        " paid_account(org), 1, 5 FROM hold WHERE org = %(org)s AND state = 0",
        "one_charge_per_call",
    ),
    (
        "INSERT INTO transfer (id, kind, debit, credit, amount_micros) SELECT transfer_id(id, 3), 5,"
        " paid_account(org), 1, 5 FROM hold WHERE org = %(org)s AND state = 0",
        "transfers_are_well_formed",
    ),
    (
        "INSERT INTO transfer (id, kind, debit, credit, amount_micros) SELECT transfer_id(id, 13), 13,"
        " 999, 1, 5 FROM hold WHERE org = %(org)s AND state = 0",
        "chart_sums_to_zero",
    ),
]


@pytest.mark.parametrize(("change", "law"), BREAKS)
def test_a_break_is_found(change: str, law: str, before: set[str]) -> None:
    alice = busy_day()
    reserve(ask(alice))
    alice.pay(1)
    reserve(ask(alice, candidates=((1, 0),)))

    with connection.cursor() as cursor:
        cursor.execute(change, {"org": alice.org, "key": alice.key, "project": alice.project})

    assert law in broken_laws() - before


def test_checkpoints_advance_and_add_up(before: set[str]) -> None:
    query("SELECT advance_checkpoints()")
    busy_day()
    assert "wallet_is_checkpoint_and_since" not in broken_laws() - before

    total = query("SELECT rebuild_checkpoints(), (SELECT sum(micros) FROM checkpoint)")[0][1]
    assert total in (0, None)
    assert "wallet_is_checkpoint_and_since" not in broken_laws() - before


def test_the_command_prints_every_law_and_fails_on_a_break() -> None:
    alice = busy_day()
    out = StringIO()
    query("UPDATE wallet SET paid_micros = paid_micros + 1 WHERE org_id = %s", alice.org)

    with pytest.raises(SystemExit) as stopped:
        call_command("check_ledger", stdout=out, stderr=StringIO())

    assert stopped.value.code == 1
    assert "BROKEN wallet_is_its_transfers" in out.getvalue()
    assert str(alice.org) in out.getvalue()
    assert len(out.getvalue().splitlines()) == len(LAWS)


def test_a_card_top_up_without_its_line_of_the_statement_is_found(before: set[str]) -> None:
    topup = ask_topup(make_caller())
    approve(topup.pk, person(), arrived(topup).pk)
    assert "bank_topups_have_arrived" not in broken_laws() - before
    IncomingTransfer.objects.filter(topup=topup).update(amount_micros=topup.amount_micros + 1)
    assert "bank_topups_have_arrived" in broken_laws()
