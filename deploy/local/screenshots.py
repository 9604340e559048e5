"""`make screenshots`: every page as a picture, and what each page weighs, takes and shifts.

    make screenshots                                  all pages: three languages, light and dark, 360 and 1440
    make screenshots ARGS="--only billing --lang uz"  pages whose name holds a word, in one language
    make screenshots ARGS="--who visitor"             public pages alone

The pages of a running `make run` are looked at; without one, one is started and stopped again. What to look
at is found by links (crawl.py). The dashboard is seen in three states: of somebody who has everything
(`keys`), of somebody who has just come (`keys-empty`), and with a form sent back (`keys-error`), both of
residents.py; and while something is waited for, asked or amiss (states.py). Error pages are of the style
guide. Pictures and contact sheets are left in var/screenshots.
"""

import argparse
import gzip
import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.error import URLError

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Response, sync_playwright

from deploy.local.contact_sheets import sheet
from deploy.local.crawl import found_pages
from deploy.local.files import CHECKOUT, DEMO_FILE, RUN_FILE, VAR
from deploy.local.states import states

FOLDER = VAR / "screenshots"
LANGUAGES = ("uz", "ru", "en")
WHO = ("visitor", "customer", "operator")
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
WIDTHS = (360, 1440)
WEIGHT_KB, SERVER_MS, SHIFT = 150, 200, 0.1  # what a page may weigh, take and move
READY_WITHIN_S = 180
TALLEST = 4000  # a list of three hundred models is seen by its first ones
# No pages of ours: interfaces of libraries, which are as heavy as they are.
LIBRARIES = ("api-swagger", "admin-")
CHARTS = ("/vendor/uplot/", "/js/price-chart.js")
FLAGS = ["--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
WATCH_SHIFTS = """
window.shifted = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifted += entry.value;
}).observe({ type: "layout-shift", buffered: true });
"""


# What lies far below the window is left undrawn for speed (content-visibility); a picture shows all of it.
DRAW_ALL = """
() => {
  for (const one of document.querySelectorAll("main *"))
    if (getComputedStyle(one).contentVisibility === "auto") one.style.contentVisibility = "visible";
}
"""

SEND_EMPTY = """
(form) => {
  for (const field of form.querySelectorAll("[required]")) field.value = "";
  form.noValidate = true;
  form.requestSubmit(form.querySelector('[type=submit]'));
}
"""

type People = list[tuple[str, str, tuple[str, str]]]  # whose links, how names end, e-mail and password


@dataclass(slots=True)
class Figures:
    """What one page costs: bytes as sent with gzip, milliseconds of the server, layout shift."""

    name: str
    path: str
    bytes: int = 0
    chart_bytes: int = 0
    server_ms: float = 0.0
    shift: float = 0.0
    complaints: list[str] = field(default_factory=list)

    def verdict(self) -> str:
        """What is over its bound; '' if nothing is."""
        over = []
        if not self.name.startswith(LIBRARIES) and (self.bytes - self.chart_bytes) / 1024 > WEIGHT_KB:
            over.append("heavy")
        if self.server_ms > SERVER_MS:
            over.append("slow")
        if self.shift > SHIFT:
            over.append("shifts")
        return ", ".join(over + self.complaints)


def main(words: list[str]) -> int:
    """Take the pictures, print the table; 1 if a page is over a bound."""
    wanted = _wanted(words)
    with _site() as site, sync_playwright() as playwright:
        chromium = next(
            (path for name in ("chromium", "chromium-browser") if (path := shutil.which(name))), None
        )
        people = _people()
        table: list[Figures] = []
        for language in wanted.lang or LANGUAGES:
            # Native fields are in the browser's own language, if it is installed (Debian: chromium-l10n).
            browser = playwright.chromium.launch(
                executable_path=chromium,
                args=[*FLAGS, f"--lang={language}"],
                env={**os.environ, "LANGUAGE": language},
            )
            table += _in_language(browser, site, language, wanted, people)
            browser.close()
            for scheme in SCHEMES:
                for width in WIDTHS:
                    sheet(FOLDER / language, f"-{scheme}-{width}.png")
    return _tell(table)


def _wanted(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make screenshots")
    parser.add_argument("--only", default="", help="a word in the names of pages")
    parser.add_argument("--who", action="append", choices=WHO, help="whose pages, may be repeated")
    parser.add_argument("--lang", action="append", choices=LANGUAGES, help="a language, may be repeated")
    return parser.parse_args(words)


@contextmanager
def _site() -> Iterator[str]:
    """The running site's address; starts one for as long as it is needed."""
    if address := _answering():
        yield address
        return
    process = subprocess.Popen([sys.executable, "-m", "deploy.local", "run"], cwd=CHECKOUT)
    try:
        until = time.monotonic() + READY_WITHIN_S
        while not (address := _answering()):
            if process.poll() is not None or time.monotonic() > until:
                sys.exit("The site did not start; its lines above say why.")
            time.sleep(1)
        yield address
    finally:
        process.terminate()
        process.wait()


def _answering() -> str:
    """The address of a site that was started from this folder and answers; '' without one."""
    with suppress(OSError, ValueError, URLError):
        address = str(json.loads(RUN_FILE.read_text())["site_url"])
        with urllib.request.urlopen(f"{address}/readyz", timeout=5):
            return address
    return ""


def _in_language(
    browser: Browser, site: str, language: str, wanted: argparse.Namespace, people: People
) -> list[Figures]:
    (FOLDER / language).mkdir(parents=True, exist_ok=True)
    table: list[Figures] = []
    known: set[str] = set()
    for who, ending, (email, password) in people:
        if who not in (wanted.who or WHO):
            continue
        context = browser.new_context(locale=language, reduced_motion="reduce")
        context.add_init_script(WATCH_SHIFTS)
        context.set_default_timeout(90_000)
        if email:
            _sign_in(context, site, email, password)
        for found, path in found_pages(context, site, who):
            name = f"{found}{ending}"
            if (
                wanted.only in name
                and name not in known
                and not (ending and not path.startswith("/dashboard"))
            ):
                table.append(_looked_at(context, site, language, name, path))
            known.add(name)
        if who == "customer" and not ending:
            for name, page in states(context, site, wanted.only):
                _pictures(page, FOLDER / language / name, whole=False)
        context.close()
    return table


def _people() -> People:
    """Who looks, by whose links, and how names of their pages end."""
    demo = json.loads(DEMO_FILE.read_text())
    command = [sys.executable, "-m", "deploy.local.residents"]
    made = json.loads(subprocess.check_output(command, cwd=CHECKOUT, text=True))
    return [
        ("visitor", "", ("", "")),
        ("customer", "", made["busy"]),
        ("customer", "-empty", made["newcomer"]),
        ("operator", "", (demo["admin_email"], demo["admin_password"])),
    ]


def _sign_in(context: BrowserContext, site: str, email: str, password: str) -> None:
    page = context.new_page()
    page.goto(f"{site}/accounts/login/")
    page.fill("input[name=login]", email)
    page.fill("input[name=password]", password)
    page.click("main button[type=submit]")
    page.wait_for_url(f"{site}/dashboard")
    page.close()


def _looked_at(context: BrowserContext, site: str, language: str, name: str, path: str) -> Figures:
    """Load a page without a cache, weigh it, and take its four pictures."""
    page = context.new_page()
    context.new_cdp_session(page).send("Network.setCacheDisabled", {"cacheDisabled": True})
    figures, answers = Figures(name, path), list[Response]()

    def heard(said: ConsoleMessage) -> None:
        if said.type == "error":
            figures.complaints.append(said.text[:80])

    def answered(answer: Response) -> None:  # Playwright marks a handler, and a built-in can't be marked
        answers.append(answer)

    page.on("response", answered)
    page.on("console", heard)
    page.set_viewport_size({"width": WIDTHS[-1], "height": 900})
    page.goto(f"{site}{path}", wait_until="networkidle")
    figures.shift = float(page.evaluate("window.shifted"))
    _weigh(figures, answers)
    if name == "not-found":
        figures.complaints.clear()  # the browser reports the 404 itself
    _pictures(page, FOLDER / language / name)
    if path.startswith("/dashboard") and not name.endswith("-empty") and _sent_back(page):
        _pictures(page, FOLDER / language / f"{name}-error")
    page.close()
    return figures


def _sent_back(page: Page) -> bool:
    """Send the page's form with its required fields left empty; whether there is such a form."""
    forms = page.locator("main form[method=post]")
    form = forms.filter(has=page.locator("input[required]:not([type=hidden])")).first
    if not form.count():
        return False
    with page.expect_navigation(wait_until="networkidle"):
        form.evaluate(SEND_EMPTY)
    return True


def _weigh(figures: Figures, answers: list[Response]) -> None:
    figures.server_ms = answers[0].request.timing["responseStart"] - answers[0].request.timing["requestStart"]
    for answer in answers:
        with suppress(Exception):  # a redirect has no body
            body = answer.body()
            kind = answer.headers.get("content-type", "")
            packed = kind.startswith(("font/", "image/png", "image/jpeg"))
            size = len(body) if packed else len(gzip.compress(body, 6))
            figures.bytes += size
            figures.chart_bytes += size if any(part in answer.url for part in CHARTS) else 0


def _pictures(page: Page, path: Path, *, whole: bool = True) -> None:
    """Four of a page; of its window alone where a dialog lies over it, as its veil covers no more."""
    for scheme in SCHEMES:
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            file = path.with_name(f"{path.name}-{scheme}-{width}.png")
            if whole:
                _whole(page, file, width)
            else:
                page.screenshot(path=file)


def _whole(page: Page, file: Path, width: int) -> None:
    page.evaluate(DRAW_ALL)
    height = min(int(page.evaluate("document.documentElement.scrollHeight")), TALLEST)
    page.screenshot(path=file, full_page=True, clip={"x": 0, "y": 0, "width": width, "height": height})


def _tell(table: list[Figures]) -> int:
    print(f"{'page':28} {'KB':>6} {'charts':>6} {'ms':>6} {'shift':>6}")
    worst: dict[str, Figures] = {}
    for figures in table:
        held = worst.setdefault(figures.name, figures)
        held.bytes = max(held.bytes, figures.bytes)
        held.server_ms = min(held.server_ms, figures.server_ms)  # the first look warms what is kept in memory
        held.shift = max(held.shift, figures.shift)
        held.complaints += [said for said in figures.complaints if said not in held.complaints]
    for name, figures in sorted(worst.items()):
        own, charts = (figures.bytes - figures.chart_bytes) / 1024, figures.chart_bytes / 1024
        print(
            f"{name:28} {own:6.0f} {charts:6.0f} {figures.server_ms:6.0f} {figures.shift:6.3f}"
            f"  {figures.verdict()}"
        )
    over = [figures for figures in worst.values() if figures.verdict()]
    print(f"{len(worst)} pages, {len(over)} over a bound or with a complaint. Pictures: {FOLDER}")
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
