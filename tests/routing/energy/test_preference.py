from datetime import timedelta
from decimal import Decimal as D

from routing.energy.preference import Offer, Standing, prefer
from tests.routing.energy.clock import at

A, B, C = 1, 2, 3
JOULES = D("1.215")
SINCE = Standing(A, at("08:00"))


def offer(endpoint: int, usd: str, *, live: bool = True, available: bool = True) -> Offer:
    return Offer(endpoint, D(usd), JOULES, live, available)


def after(before: Standing | None, *offers: Offer, time: str = "10:00") -> Standing:
    found = prefer(before, offers, at(time))
    assert found is not None
    return found


def test_the_first_choice_is_the_cheapest_live_site() -> None:
    assert after(None, offer(A, "65"), offer(B, "60"), offer(C, "10", live=False)).endpoint == B
    assert prefer(None, [offer(A, "65", live=False)], at("10:00")) is None


def test_a_little_cheaper_is_no_reason_to_move() -> None:
    now = after(SINCE, offer(A, "65"), offer(B, "60"))
    assert (now.endpoint, now.challenger) == (A, None)


def test_clearly_cheaper_for_two_intervals_is() -> None:
    offers = (offer(A, "65"), offer(B, "47.95"))
    first = after(SINCE, *offers, time="10:00")
    assert (first.endpoint, first.challenger, first.intervals) == (A, B, 1)
    second = after(first, *offers, time="10:05")
    assert (second.endpoint, second.since) == (B, at("10:05"))


def test_the_way_back_is_closed_for_a_quarter_of_an_hour() -> None:
    now = Standing(B, at("10:00"))
    back = (offer(A, "20"), offer(B, "60"))
    for time in ("10:05", "10:10"):
        now = after(now, *back, time=time)
        assert now.endpoint == B
    assert after(now, *back, time="10:15").endpoint == A


def test_an_interval_without_a_clear_lead_begins_the_count_again() -> None:
    lead, even = (offer(A, "65"), offer(B, "47.95")), (offer(A, "65"), offer(B, "64"))
    first = after(SINCE, *lead, time="10:00")
    interrupted = after(first, *even, time="10:05")
    assert (interrupted.challenger, interrupted.intervals) == (None, 0)
    assert after(interrupted, *lead, time="10:10").endpoint == A


def test_the_same_interval_seen_twice_counts_once() -> None:
    lead = (offer(A, "65"), offer(B, "47.95"))
    first = after(SINCE, *lead)
    assert prefer(first, lead, at("10:01"), new_interval=False) == first


def test_a_challenger_that_still_leads_goes_first_though_a_third_is_cheaper() -> None:
    first = after(SINCE, offer(A, "65"), offer(B, "47.95"), time="10:00")
    second = after(first, offer(A, "65"), offer(B, "47.95"), offer(C, "40"), time="10:05")
    assert second.endpoint == B


def test_a_drained_incumbent_is_left_at_once() -> None:
    now = Standing(A, at("09:58"))
    assert after(now, offer(A, "300", available=False), offer(B, "90")).endpoint == B
    assert after(now, offer(B, "90")).endpoint == B


def test_a_stale_site_never_becomes_preferred() -> None:
    now = SINCE
    for count in range(6):
        found = prefer(now, [offer(A, "65"), offer(B, "10", live=False)], at("10:00") + count * FIVE)
        assert found is not None
        now = found
    assert (now.endpoint, now.challenger) == (A, None)
    drained = [offer(A, "300", available=False), offer(B, "10", live=False)]
    assert prefer(SINCE, drained, at("10:00")) == SINCE


def test_joules_count_and_not_dollars_alone() -> None:
    wasteful = Offer(B, D(58), JOULES * 2)
    assert after(SINCE, offer(A, "65"), wasteful).challenger is None
    thrifty = Offer(B, D(64), JOULES / 2)
    assert after(SINCE, offer(A, "65"), thrifty).challenger == B


FIVE = timedelta(minutes=5)
