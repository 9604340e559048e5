"""What can be wrong with a caller. HTTP statuses live in proxy/errors.py, not here.

AccountsError
├── CredentialError          nobody is identified
│   ├── MissingKey
│   ├── InvalidScheme
│   ├── InvalidKey
│   ├── AmbiguousCredentials
│   ├── RevokedKey
│   └── ExpiredKey
├── AccessError              somebody is identified but may not do this
│   ├── AccountSuspended
│   ├── IpNotAllowed
│   ├── MissingScope
│   ├── RoleNotAllowed
│   └── WiderKey
├── InvalidField             a value that no key may have
└── NotFound                 missing and foreign alike
"""


class AccountsError(Exception):
    """Base class of everything that accounts refuses. Do not raise directly."""


class CredentialError(AccountsError):
    """Base class: the request names no valid caller. Do not raise directly."""


class MissingKey(CredentialError):
    """The request carries no API key."""


class InvalidScheme(CredentialError):
    """The Authorization header is not of the form `Bearer <key>`."""


class InvalidKey(CredentialError):
    """The key is malformed or unknown; both look the same from outside."""


class AmbiguousCredentials(CredentialError):
    """The request carries two different keys of ours."""


class RevokedKey(CredentialError):
    """The key has been revoked."""


class ExpiredKey(CredentialError):
    """The key's expiry date has passed."""


class AccessError(AccountsError):
    """Base class: the caller is known but may not do this. Do not raise directly."""


class AccountSuspended(AccessError):
    """The caller's organization is suspended."""


class IpNotAllowed(AccessError):
    """The key may not be used from this address."""


class MissingScope(AccessError):
    """The key lacks the scope that this request needs."""

    def __init__(self, scope: str) -> None:
        super().__init__(f"This API key does not have the scope '{scope}'.")
        self.scope = scope


class RoleNotAllowed(AccessError):
    """The member's role does not allow this."""


class WiderKey(AccessError):
    """A key may not create a key that can do more than itself."""

    def __init__(self, param: str) -> None:
        super().__init__(f"A key can't create a key with wider '{param}' than its own.")
        self.param = param


class InvalidField(AccountsError):
    """A field's value is outside what any key may have."""

    def __init__(self, param: str, message: str) -> None:
        super().__init__(message)
        self.param = param


class NotFound(AccountsError):
    """There is no such object in the caller's organization."""
