"""Money's jobs, each run as its worker would."""

import logging

import pytest

from billing import tasks
from tests.billing.books import UZS, Customer, ask, query, reserve

pytestmark = pytest.mark.django_db


def test_the_sweeper_releases_what_a_stopped_worker_left(caplog: pytest.LogCaptureFixture) -> None:
    alice = Customer()
    alice.pay(UZS)
    epoch = query("SELECT heartbeat_start('host', 1)")[0][0]
    reserve(ask(alice, owner=epoch))
    query("SELECT heartbeat_stop(%s)", epoch)

    with caplog.at_level(logging.WARNING):
        tasks.sweep()

    assert alice.wallet() == (UZS, 0, 0)
    assert "swept" in caplog.text


def test_a_broken_law_is_an_error_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    alice = Customer()
    alice.pay(UZS)
    query("UPDATE wallet SET paid_micros = paid_micros + 1 WHERE org_id = %s", alice.org)

    tasks.check_invariants()

    assert "wallet_is_checkpoint_and_since" in caplog.text


def test_partitions_and_checkpoints_run_twice_harmlessly() -> None:
    for _ in range(2):
        tasks.ensure_partitions()
        tasks.advance_checkpoints()
