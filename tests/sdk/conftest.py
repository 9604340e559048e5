"""A caller with money, and the SDK clients that it would use."""

from collections.abc import Iterator

import pytest
from openai import OpenAI

from tests.factories import Caller, make_caller
from tests.stack import Stack


@pytest.fixture
def caller(stack: Stack) -> Caller:
    return make_caller(balance_uzs=100_000)


@pytest.fixture
def client(stack: Stack, caller: Caller) -> Iterator[OpenAI]:
    with client_of(stack, caller.key) as client:
        yield client


def client_of(stack: Stack, key: str, **options: object) -> OpenAI:
    """openai-python as a customer sets it up: base URL and key, nothing else."""
    return OpenAI(base_url=f"{stack.url}/v1", api_key=key, **options)  # type: ignore[arg-type]
