"""Where settings come from: the environment, or the files that `make run` leaves under `var/`.

Readers are strict: a value that doesn't parse stops the program instead of becoming a default.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

from accounts.addresses import parse_network

BASE_DIR = Path(__file__).resolve().parent.parent
RUN_FILE = BASE_DIR / "var" / "run.json"
SECRETS_FILE = BASE_DIR / "var" / "secrets.json"

# Published in this file, hence worth nothing: production refuses them (see settings.py and checks.py).
INSECURE = {
    "SECRET_KEY": "insecure-development-key-that-production-refuses-to-start-with",
    "KEY_PEPPERS": "1:insecure-development-pepper-0001",
    "CREDENTIAL_KEYS": "aW5zZWN1cmUtZGV2ZWxvcG1lbnQtZmVybmV0LWtleS0=",
}

# What commands that need no database get; one that does is told by libpq's own message.
NO_DATABASE = "postgresql://cloudapi@/cloudapi?host=/DATABASE_URL-is-not-set"

_SWITCHES = {
    "1": True,
    "true": True,
    "yes": True,
    "on": True,
    "0": False,
    "false": False,
    "no": False,
    "off": False,
}


def environment() -> dict[str, str]:
    """Return the process environment; without DATABASE_URL, completed by a running `make run`."""
    found = dict(os.environ)
    if "DATABASE_URL" not in found:
        for path in (RUN_FILE, SECRETS_FILE):
            for name, value in _read(path).items():
                found.setdefault(name.upper(), str(value))
    return found


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text())
    except (FileNotFoundError, PermissionError):
        return {}
    except ValueError as error:
        raise ImproperlyConfigured(f"{path} is damaged: {error}") from error
    return found if isinstance(found, dict) else {}


class Env:
    """Typed, strict reads of one environment. Empty means absent."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self.values = values

    def text(self, name: str, default: str = "") -> str:
        return self.values.get(name, "") or default

    def flag(self, name: str, *, default: bool) -> bool:
        raw = self.text(name)
        if not raw:
            return default
        if raw.lower() not in _SWITCHES:
            raise ImproperlyConfigured(f"{name}={raw!r}: write 1 or 0")
        return _SWITCHES[raw.lower()]

    def choice(self, name: str, options: tuple[str, ...]) -> str:
        """Read one of the options; the first is the default."""
        found = self.text(name, options[0])
        if found not in options:
            raise ImproperlyConfigured(f"{name}={found!r}: write one of {', '.join(options)}")
        return found

    def number(self, name: str, default: int, *, least: int = 0) -> int:
        raw = self.text(name, str(default))
        if not raw.isascii() or not raw.isdigit() or int(raw) < least:
            raise ImproperlyConfigured(f"{name}={raw!r}: write a whole number, {least} or more")
        return int(raw)

    def digits(self, name: str, length: int) -> str:
        """Read a number of so many digits, spaces left out; empty where it isn't set."""
        found = "".join(self.text(name).split())
        if found and (len(found) != length or not found.isascii() or not found.isdigit()):
            raise ImproperlyConfigured(f"{name}={found!r}: write {length} digits")
        return found

    def words(self, name: str, default: str = "") -> list[str]:
        """Read a comma-separated list."""
        return [word for part in self.text(name, default).split(",") if (word := part.strip())]

    def networks(self, name: str) -> list[str]:
        """Read a comma-separated list of addresses and networks; none: any address."""
        found = self.words(name)
        try:
            for word in found:
                parse_network(word)
        except ValueError as error:
            raise ImproperlyConfigured(f"{name}: {error}") from error
        return found

    def credential(self, name: str) -> str:
        """Read NAME, or the file that NAME_FILE names; empty where it isn't set."""
        path = self.text(f"{name}_FILE")
        return Path(path).read_text().strip() if path else self.text(name)

    def secret(self, name: str, *, production: bool) -> str:
        """Read NAME, or the file that NAME_FILE names. Production refuses a missing or published secret."""
        path = self.text(f"{name}_FILE")
        value = Path(path).read_text().strip() if path else self.text(name)
        if production and (not value or value == INSECURE[name] or len(value) < 32):
            raise ImproperlyConfigured(
                f"{name} must be set to a secret of 32 characters or more in production"
            )
        return value or INSECURE[name]

    def optional_secret(self, name: str) -> str:
        """Read NAME, or the file that NAME_FILE names; empty turns off what needs it."""
        path = self.text(f"{name}_FILE")
        return Path(path).read_text().strip() if path else self.text(name)

    def peppers(self, name: str, *, production: bool) -> dict[int, bytes]:
        """Read `1:secret,2:secret`; the highest number is used for new keys."""
        found: dict[int, bytes] = {}
        for word in self.secret(name, production=production).split(","):
            number, colon, pepper = word.strip().partition(":")
            if not colon or not number.isdigit() or not 0 < int(number) < 32768 or len(pepper) < 16:
                raise ImproperlyConfigured(
                    f"{name}: write NUMBER:SECRET,… with 16 characters or more in each"
                )
            found[int(number)] = pepper.encode()
        return found


def database(url: str) -> dict[str, Any]:
    """Turn a libpq URL, a unix socket in `?host=` included, into an entry of DATABASES."""
    try:
        parts = conninfo_to_dict(url or NO_DATABASE)
    except ProgrammingError as error:
        # libpq's message quotes the URL, password and all.
        raise ImproperlyConfigured("DATABASE_URL is not a PostgreSQL URL") from error
    entry = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.pop("dbname", ""),
        "USER": parts.pop("user", ""),
        "PASSWORD": parts.pop("password", ""),
        "HOST": parts.pop("host", ""),
        "PORT": parts.pop("port", ""),
    }
    return {name: str(value or "") for name, value in entry.items()} | {"OPTIONS": dict(parts)}


def broker(redis_url: str) -> str:
    """Return the Celery broker URL for a Redis URL: kombu has a scheme of its own for unix sockets."""
    if redis_url.startswith("unix://"):
        path, _, query = redis_url.removeprefix("unix://").partition("?")
        number = dict(pair.split("=", 1) for pair in query.split("&") if "=" in pair).get("db", "0")
        return f"redis+socket://{path}?virtual_host={number}"
    return redis_url
