"""Turns among credentials: shares as the weights say, at any moment, and nobody out of turn."""

from collections import Counter
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from routing.rotation import Rotation


@dataclass(frozen=True)
class Key:
    name: str
    weight: int


def keys(*weights: int) -> list[Key]:
    return [Key(f"{place}.1", weight) for place, weight in enumerate(weights)]


def turns(rotation: Rotation, among: list[Key], count: int) -> list[str]:
    return [rotation.pick(among).name[0] for _ in range(count)]


def test_turns_are_smooth() -> None:
    """nginx's own example: a a b a c a a, not five of a in a row."""
    assert "".join(turns(Rotation(), keys(5, 1, 1), 7)) == "0010200"


def test_weight_nought_is_for_when_nobody_else_is_left() -> None:
    assert set(turns(Rotation(), keys(0, 1, 0), 5)) == {"1"}
    assert Counter(turns(Rotation(), keys(0, 0), 10)) == {"0": 5, "1": 5}


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=8), st.integers(1, 60))
def test_after_any_number_of_turns_shares_are_within_one_turn_of_the_weights(
    weights: list[int], count: int
) -> None:
    among = keys(*weights)
    taken = Counter(turns(Rotation(), among, count))
    effective = weights if any(weights) else [1] * len(weights)
    total = sum(effective)
    for place, weight in enumerate(effective):
        assert abs(taken[str(place)] - count * weight / total) < max(1, len(weights) - 1)
        assert weight or not taken[str(place)]


@given(st.lists(st.integers(1, 20), min_size=1, max_size=6))
def test_a_whole_round_gives_each_exactly_its_weight(weights: list[int]) -> None:
    taken = Counter(turns(Rotation(), keys(*weights), sum(weights)))
    assert [taken[str(place)] for place in range(len(weights))] == weights


@given(st.data())
def test_who_is_out_for_a_while_is_never_chosen_and_owes_nothing_afterwards(data: st.DataObject) -> None:
    among = keys(*data.draw(st.lists(st.integers(1, 9), min_size=2, max_size=5)))
    rotation = Rotation()
    for _ in range(data.draw(st.integers(0, 40))):
        here = data.draw(st.lists(st.sampled_from(among), min_size=1, unique=True))
        assert rotation.pick(here) in here
    for _ in range(100):  # scores stay bounded, so that a return floods nobody
        rotation.pick(among)
    most = Counter(turns(rotation, among, 10 * sum(key.weight for key in among)))
    assert set(most) == {key.name[0] for key in among}


def test_gone_credentials_are_forgotten() -> None:
    rotation = Rotation()
    turns(rotation, keys(1, 1, 1), 4)
    rotation.keep(["0.1", "1.1"])
    assert set(rotation._scores) == {"0.1", "1.1"}
