"""What a provider bills for an answer that nobody pays stands in the request row as our cost."""

import json
from uuid import uuid4

import pytest

from proxy.dialects import openai_request
from tests.factories import make_caller
from tests.live.client import directive
from tests.live.test_leaving import ask, leave, outcome
from tests.processes import until
from tests.stack import Stack

NANO_PER_TOKEN = 1_000  # of the prompt


@pytest.mark.parametrize("streamed", [True, False], ids=["stream", "whole"])
def test_a_prompt_that_was_read_for_a_client_who_left(stack: Stack, streamed: bool):
    caller, run = make_caller(balance_uzs=1_000), uuid4().hex
    messages = directive(run=run, hold=run, completion_tokens=4)
    body = {"model": "test/one", "stream": streamed, "messages": messages}
    connection = ask(stack, caller, body)
    until(lambda: stack.upstream.waiting(run), "the upstream to have the prompt")
    leave(connection, reset=True)
    (row,) = outcome(caller, 1)
    prompt = openai_request.parse(json.dumps(body).encode(), {}).input_estimate
    assert (row["status"], row["cost_micros"]) == ("cancelled", 0)
    assert row["provider_cost_nano"] == prompt * NANO_PER_TOKEN
    stack.check_ledger()


@pytest.mark.parametrize("fault", ["cut", "reset"])
def test_an_endpoint_that_is_left_for_the_next_has_read_the_prompt(stack: Stack, fault: str):
    """A whole answer that breaks off, or never begins: the next one serves, the first prompt is our cost."""
    caller = make_caller(balance_uzs=1_000)
    wishes = {"by_provider": {"alpha": {"fault": fault}}, "prompt_tokens": 9, "completion_tokens": 4}
    body = {"model": "test/three", "messages": directive(**wishes)}
    ask(stack, caller, body).recv(1)
    (row,) = outcome(caller, 1)
    prompt = openai_request.parse(json.dumps(body).encode(), {}).input_estimate
    assert row["provider_cost_nano"] == prompt * NANO_PER_TOKEN + 9 * 500 + 4 * 2_000
    assert json.loads(row["owed_elsewhere"]) == {"alpha": prompt * NANO_PER_TOKEN}
