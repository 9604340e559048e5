"""How what accounts refuses reads over HTTP. Same statuses on both planes."""

from accounts.errors import (
    AccessError,
    AccountsError,
    AmbiguousCredentials,
    CredentialError,
    InvalidField,
    NotFound,
)
from proxy.errors import ApiError

_STATUSES: tuple[tuple[type[AccountsError], int], ...] = (
    (AmbiguousCredentials, 400),
    (CredentialError, 401),
    (AccessError, 403),
    (InvalidField, 400),
    (NotFound, 404),
)


def denial(error: AccountsError) -> ApiError:
    """The same error with its HTTP status, for the envelope."""
    status = next((status for kind, status in _STATUSES if isinstance(error, kind)), 400)
    return ApiError(status, error.code, str(error), param=error.param)
