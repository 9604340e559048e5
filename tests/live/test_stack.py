"""The live stack itself: a call goes through and the books agree."""

from tests.factories import make_caller
from tests.live.client import chat, directive
from tests.stack import Stack


def test_a_call_is_answered_and_charged(stack: Stack):
    caller = make_caller(balance_uzs=1000)
    reply = chat(stack, caller, messages=directive(run=caller.key[-8:], completion_tokens=5))
    assert reply.status == 200, reply.body
    assert caller.charged() > 0
