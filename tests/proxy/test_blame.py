"""Whose fault a refusal is, in the words that vendors use; and that no caller can say them for a vendor."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.blame import Fault, fault


def told(status: int, error: Any) -> Fault:
    return fault(status, json.dumps({"error": error}).encode())


@pytest.mark.parametrize(
    ("status", "error", "expected"),
    [
        (401, {"message": "Incorrect API key provided.", "code": "invalid_api_key"}, Fault.CREDENTIAL),
        (402, {"message": "Insufficient Balance", "type": "unknown_error"}, Fault.CREDENTIAL),
        (402, {"message": "This request requires more credits, or fewer max_tokens."}, Fault.LIMITED),
        (403, {"message": "Your API key has been disabled.", "type": "permission_error"}, Fault.CREDENTIAL),
        (
            403,
            {"code": 403, "message": "Input was flagged", "metadata": {"flagged_input": "…"}},
            Fault.REQUEST,
        ),
        (403, {"code": "content_policy_violation", "message": "No."}, Fault.REQUEST),
        (403, {"message": "Content violates usage guidelines."}, Fault.REQUEST),
        (403, {"code": "unsupported_country_region_territory", "message": "Not there."}, Fault.UNFIT),
        (403, {"message": "Project `p` does not have access to model `m`"}, Fault.UNFIT),
        (429, {"code": "rate_limit_exceeded"}, Fault.LIMITED),
        (400, {"message": "Your credit balance is too low to access the API."}, Fault.CREDENTIAL),
        (
            400,
            {"details": [{"reason": "API_KEY_INVALID"}], "message": "API key not valid."},
            Fault.CREDENTIAL,
        ),
        (400, {"message": "'messages' is empty"}, Fault.ENDPOINT),
        (404, {"message": "no such model"}, Fault.ENDPOINT),
        (500, {"message": "oops"}, Fault.ENDPOINT),
    ],
)
def test_vendors_words(status: int, error: Any, expected: Fault) -> None:
    assert told(status, error) is expected


def test_a_firewalls_page_takes_no_credential_away() -> None:
    assert fault(403, b"") is Fault.ENDPOINT
    assert fault(403, b"[]") is Fault.ENDPOINT
    assert fault(401, b"") is Fault.CREDENTIAL


@given(st.text(), st.sampled_from(["Your credit balance is too low", "API key not valid", "API_KEY_INVALID"]))
def test_a_vendor_that_repeats_a_callers_words_disables_nothing(before: str, words: str) -> None:
    """A refused request (400) may have its own text in the message, after the vendor's."""
    assert told(400, {"message": f"Invalid value: '{before}{words}'"}) is Fault.ENDPOINT


@given(
    st.integers(100, 599),
    st.binary(max_size=80)
    | st.builds(
        lambda v: json.dumps(v).encode(),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=9),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(["error", "code", "message", "details", "reason", "metadata"]), inner
                )
            ),
        ),
    ),
)
def test_whatever_comes_is_somebodys_fault(status: int, body: bytes) -> None:
    assert fault(status, body) in Fault
