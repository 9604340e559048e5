"""A short run of the campaign in the suite; the long one is `python -m tests.fuzz`."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz import streams
from tests.fuzz.campaign import campaign
from tests.stack import Stack


@pytest.mark.slow
def test_rubbish_is_refused_and_leaves_nothing_behind(stack: Stack):
    outcome = campaign(stack, "suite", 1_500)
    assert not outcome.failures
    assert outcome.requests.statuses[200] and outcome.requests.statuses[400]
    assert outcome.answers.statuses[200] and outcome.answers.statuses[502]


@given(st.integers(0, 2**32))
def test_a_spoilt_stream_is_read_alike_however_it_is_cut(seed: int):
    dice = Random(seed)
    streams.check(dice, streams.answer(dice))
