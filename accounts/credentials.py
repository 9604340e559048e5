"""Which of a request's credentials counts. Pure and without Django: the gateway's hot path uses it too."""

from collections.abc import Iterable

from accounts.errors import AmbiguousCredentials, InvalidKey, InvalidScheme, MissingKey
from accounts.keyformat import checksum_ok


def pick(authorization_values: Iterable[str | bytes], x_api_key_values: Iterable[str | bytes]) -> str:
    """The one key of ours among all Authorization and x-api-key header values.

    SDKs and proxies send both headers, some with a placeholder in one of them, so foreign
    credentials beside a key of ours are ignored; the same key twice is one key.
    Raises MissingKey, InvalidScheme, InvalidKey or AmbiguousCredentials.
    """
    schemes = [_text(value) for value in authorization_values]
    tokens = [token for token in map(_bearer_token, schemes) if token]
    tokens += [token for token in map(_text, x_api_key_values) if token]
    ours = {token for token in tokens if checksum_ok(token)}
    if len(ours) == 1:
        return ours.pop()
    if ours:
        raise AmbiguousCredentials
    if tokens:
        raise InvalidKey
    if any(schemes):
        raise InvalidScheme
    raise MissingKey


def _text(value: str | bytes) -> str:
    # latin-1 is the encoding of HTTP header bytes and can't fail.
    return (value.decode("latin-1") if isinstance(value, bytes) else value).strip()


def _bearer_token(value: str) -> str:
    scheme, _, token = value.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
