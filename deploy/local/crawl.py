"""Which pages there are: links followed from the first ones, one page for each name of an address."""

import os
import re
from collections.abc import Iterator
from urllib.parse import urljoin, urlsplit

import django
from django.urls import Resolver404, resolve
from playwright.sync_api import BrowserContext

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cloudapi.settings")
django.setup()

from dashboard.styleguide import ERRORS, PLAIN_ERRORS  # noqa: E402

LINK = re.compile(r'<a [^>]*?href="([^"#]+)')
# Where to begin, and what no link leads to.
BEGINNINGS = {
    "visitor": ["/", "/accounts/login/", "/accounts/signup/", "/accounts/password/reset/", "/styleguide"],
    "customer": ["/dashboard"],
    "operator": ["/admin/"],
}
# Of the admin, stock as it is, a few pages of each kind.
ADMIN = re.compile(r"^/admin/($|routing/model/$|billing/(topup|finance|fxrate)/$|accounts/user/$)")
NOT_PAGES = re.compile(r"\.(json|csv|pdf|xlsx|zip|md|txt|xml)$|^/static/|^/i18n/|/set_language")


def found_pages(context: BrowserContext, site: str, who: str) -> Iterator[tuple[str, str]]:
    """(name, path) of each page that this person can get to by links; HTML alone, each name once."""
    if who == "visitor":
        yield "not-found", "/nowhere"
        yield from ((f"error-{name}", f"/styleguide/errors/{name}") for name in ERRORS | PLAIN_ERRORS)
    waiting, seen, names = list(BEGINNINGS[who]), set[str](), set[str]()
    while waiting:
        path = waiting.pop(0)
        name = _name(path, who)
        if path in seen or not name or name in names:
            continue
        seen.add(path)
        answer = context.request.get(f"{site}{path}", max_redirects=0)
        if answer.status != 200 or "text/html" not in answer.headers.get("content-type", ""):
            continue
        names.add(name)
        yield name, path
        waiting += [link for link in _links(answer.text(), f"{site}{path}", site) if link not in seen]


def _name(path: str, who: str) -> str:
    """The address's name, made of words and dashes; '' for what isn't looked at."""
    bare = urlsplit(path).path
    if NOT_PAGES.search(bare) or (bare.startswith("/admin") and (who != "operator" or not ADMIN.match(bare))):
        return ""
    if who == "operator" and not bare.startswith("/admin"):
        return ""
    try:
        match = resolve(bare)
    except Resolver404:
        return ""
    return "-".join([*match.namespaces, match.url_name or bare.strip("/").replace("/", "-")])


def _links(text: str, here: str, site: str) -> list[str]:
    found = []
    for raw in LINK.findall(text):
        target = urljoin(here, raw.replace("&amp;", "&"))
        if target.startswith(site):
            parts = urlsplit(target)
            found.append(parts.path + (f"?{parts.query}" if parts.query else ""))
    return found
