"""Rules, health and order of a choice."""

from collections.abc import Mapping

import pytest

from routing.pick import ANY, UNKNOWN, Offer, Rules, pick
from routing.strategies import NOTHING, Entry, Figures
from tests.routing.test_choose import endpoint


class Known:
    """Some endpoints rest, some have figures."""

    def __init__(self, rests: Mapping[int, str], figures: Mapping[int, Figures] | None = None) -> None:
        self._rests, self._figures = rests, figures or {}

    all_well = False

    def figures(self, endpoint: int) -> Figures:
        return self._figures.get(endpoint, NOTHING)

    def resting(self, endpoint: int) -> str:
        return self._rests.get(endpoint, "")


def offer(id: int, price: int, priority: int = 1) -> Offer:
    asks = {"input": price, "output": 2 * price}
    return Offer(Entry(endpoint(id, price, priority=priority), price), asks)


OFFERS = [offer(1, 1000, priority=1), offer(2, 500, priority=2), offer(3, 2000, priority=3)]


def order(verdicts):
    return [v.endpoint.id for v in verdicts if not v.rejected]


def reasons(verdicts):
    return {v.endpoint.id: v.rejected for v in verdicts if v.rejected}


def test_without_wishes_priority_decides():
    assert order(pick(OFFERS, (), ANY, UNKNOWN)) == [1, 2, 3]
    assert order(pick(OFFERS, ("price",), ANY, UNKNOWN)) == [2, 1, 3]


@pytest.mark.parametrize(
    ("rules", "asked", "rejected"),
    [
        (Rules(order=("p3",)), [3, 1, 2], {}),
        (Rules(order=("p3", "p2")), [3, 2, 1], {}),
        (Rules(order=("p3", "p2"), fallbacks=False), [3, 2], {1: "not_in_order"}),
        (Rules(fallbacks=False), [1], {}),
        (Rules(only=frozenset({"p2", "p3"})), [2, 3], {1: "not_in_only"}),
        (Rules(ignore=frozenset({"p1"})), [2, 3], {1: "ignored"}),
        (Rules(max_price={"input": 1000}), [1, 2], {3: "over_max_price"}),
        (Rules(max_price={"output": 1500}), [2], {1: "over_max_price", 3: "over_max_price"}),
        (Rules(only=frozenset({"nobody"})), [], dict.fromkeys((1, 2, 3), "not_in_only")),
        (Rules(order=("nobody", "p2")), [2, 1, 3], {}),
    ],
)
def test_rules(rules: Rules, asked: list[int], rejected: dict[int, str]):
    verdicts = pick(OFFERS, (), rules, UNKNOWN)
    assert order(verdicts) == asked
    assert reasons(verdicts) == rejected


def test_who_rests_is_passed_over_until_nobody_else_is_left():
    verdicts = pick(OFFERS, (), ANY, Known({1: "timeout"}))
    assert order(verdicts) == [2, 3]
    assert reasons(verdicts) == {1: "resting_timeout"}
    everybody = Known(dict.fromkeys((1, 2, 3), "reset"))
    assert order(pick(OFFERS, (), ANY, everybody)) == [1, 2, 3]


def test_scores_are_told():
    verdicts = pick(OFFERS, ("price",), ANY, UNKNOWN)
    assert [round(v.score or 0, 2) for v in verdicts] == [1.0, 2.0, 3.99]
