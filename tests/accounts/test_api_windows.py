"""Rate windows are told on /api too, with the reset as a Unix time."""

import time

import pytest

from .asking import manager
from .people import person

pytestmark = pytest.mark.django_db


def test_a_keys_window_is_told_with_a_unix_time():
    client, _ = manager(person("windows"), rpm=7)
    answer = client.get("/api/keys")
    assert (answer["X-RateLimit-Limit"], answer["X-RateLimit-Remaining"]) == ("7", "7")
    assert time.time() - 5 < int(answer["X-RateLimit-Reset"]) <= time.time() + 61
