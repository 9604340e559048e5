"""var/secrets.json: the secrets of this checkout, made once."""

import json
import secrets
from pathlib import Path

from cryptography.fernet import Fernet

from deploy.local.files import write_private


def kept(path: Path) -> dict[str, str]:
    """Return the checkout's secrets under the names of their settings; missing ones are made and stored."""
    found: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    made = {
        "secret_key": secrets.token_urlsafe(48),
        "key_peppers": f"1:{secrets.token_urlsafe(32)}",
        "credential_keys": Fernet.generate_key().decode(),
        "sandbox_key": secrets.token_urlsafe(24),
    }
    if made.keys() - found.keys():
        found = made | found
        write_private(path, found)
    return found
