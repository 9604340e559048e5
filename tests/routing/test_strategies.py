"""Scores: what is best by what was asked for, whatever else is on offer."""

import random
from copy import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.strategies import STRATEGIES, Entry, Figures, by_priority, ordered, scored
from tests.routing.test_choose import endpoint


def entry(id: int, price: int = 100, ttft: float | None = None, rate: float | None = None, load: int = 0):
    return Entry(endpoint(id, price), price, Figures(ttft, rate, load))


entries = st.builds(
    entry,
    id=st.integers(1, 10**6),
    price=st.integers(0, 10**12),
    ttft=st.none() | st.floats(1, 60_000),
    rate=st.none() | st.floats(0.1, 2_000),
    load=st.integers(0, 100),
)
offers = st.lists(entries, min_size=1, max_size=8, unique_by=lambda one: one.endpoint.id)
tags = st.lists(st.sampled_from(STRATEGIES), min_size=1, max_size=3, unique=True)


def order(rows):
    return [row.entry.endpoint.id for row in rows]


@given(offers, tags, st.randoms())
def test_the_order_of_tags_and_of_offers_never_matters(offer, asked, dice: random.Random):
    shuffled = dice.sample(offer, len(offer))
    assert order(scored(offer, asked)) == order(scored(shuffled, asked[::-1]))


@given(offers, tags, st.data())
def test_a_worse_candidate_never_changes_the_winner(offer, asked, data):
    winner = scored(offer, asked)[0].entry
    worse = replace(
        data.draw(st.sampled_from(offer)),
        endpoint=endpoint(10**7, 1),
        price=max(one.price for one in offer) + data.draw(st.integers(0, 10**12)),
        figures=Figures(
            max(one.measure("latency") for one in offer) + data.draw(st.floats(0, 10_000)),
            1 / max(one.measure("token_rate") for one in offer) / data.draw(st.floats(1, 100)),
            max(one.figures.load for one in offer) + data.draw(st.integers(0, 10)),
        ),
    )
    assert scored([*offer, worse], asked)[0].entry == winner


@given(offers, tags, st.data())
def test_who_is_worse_than_the_winner_changes_nothing(offer, asked, data):
    """Worse than the winner alone: it may well beat others in everything."""
    winner = scored(offer, asked)[0].entry
    worse = Entry(
        replace(winner.endpoint, id=10**7),
        winner.price + data.draw(st.integers(0, 10**12)),
        Figures(
            winner.measure("latency") + data.draw(st.floats(0, 10_000)),
            1 / winner.measure("token_rate") / data.draw(st.floats(1, 100)),
            winner.figures.load + data.draw(st.integers(1, 10)),
        ),
    )
    assert scored([*offer, worse], asked)[0].entry == winner


def test_each_tag_has_its_winner_and_all_together_the_best_in_the_mean():
    cheap, quick, fluent = entry(1, 100, 900, 30), entry(2, 180, 300, 35), entry(3, 220, 800, 200)
    offer = [cheap, quick, fluent]
    assert order(scored(offer, ["price"]))[0] == 1
    assert order(scored(offer, ["latency"]))[0] == 2
    assert order(scored(offer, ["token_rate"]))[0] == 3
    scores = {row.entry.endpoint.id: row.score for row in scored(offer, STRATEGIES)}
    assert scores[1] == pytest.approx((1 + 900 / 300 + 200 / 30) / 3)
    assert min(scores, key=scores.__getitem__) == 3


def test_near_ties_go_to_the_less_busy():
    busy, idle, dear = entry(1, 1000, load=9), entry(2, 1009, load=1), entry(3, 1100)
    assert order(scored([busy, idle, dear], ["price"])) == [2, 1, 3]
    assert [one.endpoint.id for one in by_priority([busy, idle, dear])] == [2, 1, 3]


def test_defaults_stand_in_and_are_marked():
    known, unknown = entry(1, ttft=400), entry(2)
    rows = {row.entry.endpoint.id: row for row in scored([known, unknown], ["latency"])}
    assert rows[1].live and not rows[2].live
    assert rows[2].score == 1500 / 400
    expected = replace(unknown, endpoint=replace(unknown.endpoint, ttft_ms=200))
    assert order(scored([known, expected], ["latency"]))[0] == 2


@given(st.lists(st.integers(1, 100), min_size=1, max_size=6))
def test_without_tags_the_operators_priority_comes_first(priorities):
    offer = [endpoint(place, 10, priority=rank) for place, rank in enumerate(priorities, start=1)]
    assert [one.priority for one in ordered(offer, ())] == sorted(priorities)


def test_latency_over_an_hour_of_drift_is_near_the_best_fixed_choice():
    """Three endpoints whose latency wanders; figures are the median of the last five minutes of real calls.

    A call goes where @latency sends it, every twentieth to another endpoint, as probes and failovers do.
    """
    dice = random.Random(7)
    levels, seen, spent = [420.0, 500.0, 560.0], [[], [], []], 0.0
    fixed = [0.0, 0.0, 0.0]
    for second in range(3600):
        levels = [min(2_000.0, max(150.0, level + dice.gauss(0, 4))) for level in levels]
        waits = [level * dice.lognormvariate(0, 0.15) for level in levels]
        fixed = [total + wait for total, wait in zip(fixed, waits, strict=True)]
        medians = [sorted(wait for at, wait in rows if at > second - 300) for rows in seen]
        offer = [
            entry(place + 1, ttft=rows[len(rows) // 2] if rows else None)
            for place, rows in enumerate(medians)
        ]
        chosen = scored(offer, ["latency"])[0].entry.endpoint.id - 1
        if second % 20 == 0:
            chosen = second // 20 % 3
        seen[chosen].append((second, waits[chosen]))
        spent += waits[chosen]
    assert spent <= 1.05 * min(fixed)
