"""A signed-in browser that talks HTTP to a running server."""

from typing import Any

import requests
from django.test import Client

from accounts.models import User


class Web:
    """One person's session at one server; forms carry the token of the page before."""

    def __init__(self, url: str, user: User, language: str = "en") -> None:
        self.url = url
        self.session = requests.Session()
        self.session.headers["Accept-Language"] = language
        client = Client()
        client.force_login(user)
        self.session.cookies["cloudapi_session"] = client.cookies["cloudapi_session"].value

    def get(self, path: str) -> requests.Response:
        return self.session.get(f"{self.url}{path}", timeout=60, allow_redirects=False)

    def post(
        self, path: str, form: dict[str, Any], *, follow: bool = True, **files: Any
    ) -> requests.Response:
        """Send a form; its page, unless another one was seen before, is looked at first."""
        if "csrftoken" not in self.session.cookies:
            self.get(path)
        sent = form | {"csrfmiddlewaretoken": self.session.cookies["csrftoken"]}
        url = f"{self.url}{path}"
        return self.session.post(url, sent, files=files or None, timeout=60, allow_redirects=follow)
