"""Which thresholds a spending comes to, and that each is told once on whatever way it is reached."""

from hypothesis import example, given
from hypothesis import strategies as st

from billing.thresholds import THRESHOLDS, reached, worth_telling

MONEY = st.integers(0, 9 * 10**18)


@given(spent=MONEY, limit=st.integers(1, 9 * 10**18))
@example(spent=0, limit=1)
def test_a_threshold_is_reached_at_its_share_exactly(spent: int, limit: int) -> None:
    assert [share for share in THRESHOLDS if share in reached(spent, limit)] == list(reached(spent, limit))
    for share in THRESHOLDS:
        assert (share in reached(spent, limit)) is (spent * 100 >= limit * share)


@given(spent=MONEY)
def test_a_cap_of_zero_tells_nobody(spent: int) -> None:
    assert reached(spent, 0) == ()
    assert worth_telling((), spent, 0) is None


@given(limit=st.integers(1, 10**15), steps=st.lists(st.integers(0, 10**15), max_size=30))
def test_however_money_is_spent_each_threshold_is_told_once_and_the_last_is_the_highest(
    limit: int, steps: list[int]
) -> None:
    spent, told = 0, set[int]()
    said: list[int] = []
    for step in steps:
        spent += step
        share = worth_telling(told, spent, limit)
        if share is not None:
            said.append(share)
        told |= set(reached(spent, limit))  # what was leapt over counts as told
        assert worth_telling(told, spent, limit) is None
    assert said == sorted(set(said))
    assert said[-1:] == list(reached(spent, limit))[-1:]
