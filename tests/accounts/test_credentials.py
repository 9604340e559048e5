"""Which credential of a request counts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.credentials import pick
from accounts.errors import AmbiguousCredentials, CredentialError, InvalidKey, InvalidScheme, MissingKey
from accounts.keyformat import new_key

OURS, OTHER = new_key(), new_key()
FOREIGN = "sk-ant-api03-xxxxxxxxxxxxxxxx"
DAMAGED = OURS[:-1] + ("0" if OURS[-1] != "0" else "1")


@pytest.mark.parametrize(
    ("authorization", "x_api_key"),
    [
        ([f"Bearer {OURS}"], []),
        ([f"bearer   {OURS} "], []),
        ([f"BEARER {OURS}".encode()], []),
        ([], [OURS]),
        ([], [f" {OURS} ".encode()]),
        ([f"Bearer {OURS}"], [OURS]),
        ([f"Bearer {OURS}", f"Bearer {OURS}"], []),
        ([f"Bearer {FOREIGN}"], [OURS]),
        (["Basic dXNlcjpwYXNz"], [OURS]),
        ([f"Bearer {OURS}"], [FOREIGN]),
        ([f"Bearer {OURS}"], ["dummy"]),
        ([f"Bearer {OURS}"], [""]),
        ([f"Bearer {OURS}", "Bearer nonsense"], []),
        ([f"Bearer {DAMAGED}"], [OURS]),
        ([f"Bearer {OURS}"], [b"\xff\xfe"]),
    ],
)
def test_the_one_key_of_ours_counts(authorization, x_api_key):
    assert pick(authorization, x_api_key) == OURS


@pytest.mark.parametrize(
    ("authorization", "x_api_key", "error"),
    [
        ([], [], MissingKey),
        ([""], [], MissingKey),
        ([], [" "], MissingKey),
        (["Bearer"], [], InvalidScheme),
        (["Bearer "], [], InvalidScheme),
        (["Basic dXNlcjpwYXNz"], [], InvalidScheme),
        ([OURS], [], InvalidScheme),
        ([f"Token {OURS}"], [], InvalidScheme),
        (["Bearer x"], [], InvalidKey),
        ([], ["x"], InvalidKey),
        ([f"Bearer {DAMAGED}"], [], InvalidKey),
        (["Bearer cap-' OR 1=1--"], [], InvalidKey),
        (["Bearer " + "cap-" * 2048], [], InvalidKey),
        (["Bearer cap-ключ".encode()], [], InvalidKey),
        (["Basic dXNlcjpwYXNz"], ["x"], InvalidKey),
        ([f"Bearer {FOREIGN}"], [FOREIGN], InvalidKey),
        ([f"Bearer {OURS}"], [OTHER], AmbiguousCredentials),
        ([f"Bearer {OURS}", f"Bearer {OTHER}"], [], AmbiguousCredentials),
        ([], [OURS, OTHER], AmbiguousCredentials),
    ],
)
def test_everything_else_says_what_is_wrong(authorization, x_api_key, error):
    with pytest.raises(error):
        pick(authorization, x_api_key)


@given(st.lists(st.text() | st.binary(), max_size=3), st.lists(st.text() | st.binary(), max_size=3))
def test_no_header_breaks_it(authorization, x_api_key):
    with pytest.raises(CredentialError) as caught:
        pick(authorization, x_api_key)
    assert str(caught.value)
    assert caught.value.code
