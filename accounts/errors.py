"""What can be wrong with a caller. HTTP statuses live in proxy/, not here.

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
│   ├── PersonNeeded
│   └── WiderKey
├── InvalidField             a value that no key may have
└── NotFound                 missing and foreign alike

Pure, as the gateway's hot path raises and catches some of these.
"""

from typing import ClassVar


class AccountsError(Exception):
    """Base class of everything that accounts refuses. Do not raise directly.

    str() is a sentence for the caller; code is the stable word that programs match on.
    """

    code: ClassVar[str] = "accounts_error"
    message: ClassVar[str] = ""
    param: str | None = None

    def __init__(self, message: str = "") -> None:
        super().__init__(message or self.message)


class CredentialError(AccountsError):
    """Base class: the request names no valid caller. Do not raise directly."""


class MissingKey(CredentialError):
    code = "missing_api_key"
    message = "No API key was given. Send it as 'Authorization: Bearer <key>' or 'x-api-key: <key>'."


class InvalidScheme(CredentialError):
    code = "invalid_auth_scheme"
    message = "The Authorization header must be of the form 'Bearer <key>'."


class InvalidKey(CredentialError):
    """Malformed and unknown keys look the same from outside."""

    code = "invalid_api_key"
    message = "The API key is not known."


class AmbiguousCredentials(CredentialError):
    code = "ambiguous_credentials"
    message = "The request carries two different API keys."


class RevokedKey(CredentialError):
    code = "api_key_revoked"
    message = "This API key was revoked."


class ExpiredKey(CredentialError):
    code = "api_key_expired"
    message = "This API key has expired."


class AccessError(AccountsError):
    """Base class: the caller is known but may not do this. Do not raise directly."""


class AccountSuspended(AccessError):
    code = "account_suspended"
    message = "This account is suspended. Contact support."


class IpNotAllowed(AccessError):
    code = "ip_not_allowed"
    message = "This API key may not be used from this address."


class MissingScope(AccessError):
    code = "scope_missing"

    def __init__(self, scope: str) -> None:
        super().__init__(f"This API key lacks the scope '{scope}'.")


class RoleNotAllowed(AccessError):
    code = "role_not_allowed"
    message = "Your role in this organization doesn't allow this."


class PersonNeeded(AccessError):
    """A key reaches no further than its project: members and other projects are for people."""

    code = "person_needed"
    message = "No API key may do this. Sign in and do it in the dashboard."


class WiderKey(AccessError):
    """A key may not create a key that can do more than itself."""

    code = "wider_than_parent"

    def __init__(self, param: str) -> None:
        super().__init__(f"A key can't create a key whose '{param}' is wider than its own.")
        self.param = param


class InvalidField(AccountsError):
    code = "invalid_value"

    def __init__(self, param: str, message: str) -> None:
        super().__init__(message)
        self.param = param


class NotFound(AccountsError):
    code = "not_found"
    message = "There is no such object."
