"""Every sample of the documentation that can run does, in Python, Node.js and curl, against the gateway.

So do those of the first page and of models' pages, as the pages show them. Of the documentation the English
pages are executed; translations have the same code (tests/dashboard/test_guide_languages.py). The samples of
one page and language share a folder and run in order, as a reader would paste them.
"""

import os
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from html import unescape
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from accounts.models import ApiKey
from dashboard.guide.figures import _ROLES, fill
from dashboard.guide.markup import Document, Fence
from dashboard.guide.shelf import FALLBACK, shelf
from dashboard.site.calls import KEY
from tests.factories import Caller, make_caller
from tests.sdk.packages import node_folder
from tests.stack import Stack
from tests.upstream.pictures import png

MODELS = {
    "chat_model": "test/one",
    "second_model": "test/three",
    "tool_model": "clever/openai",
    "vision_model": "test/one",
    "claude_model": "test/claude",
    "embedding_model": "test/embed",
    "image_model": "test/draw",
    "edit_model": "test/image",
    "video_model": "test/video",
    "speech_model": "test/speak",
    "transcription_model": "test/hear",
    "moderation_model": "test/moderate",
    "free_model": "test/free",
}
RUNS = ("python", "javascript", "bash")
# What the suite can't run: configuration of editors and agents, installing, headers, wire formats.
UNRUN = {
    "authentication": ["http", "http"],
    "chat": ["json"],
    "errors": ["json"],
    "integrations": ["sh", "toml", "json5", "python", "yaml", "python", "javascript"],
    "quickstart": ["sh", "sh", "sh"],
    "sdks": ["sh", "sh", "sh", "sh"],
    "streaming": ["text"],
}
NAMED = re.compile(r'(\bmodel"?[=:] ?)"[^"]+"')  # in Python, JavaScript and JSON
KINDS = ("one", "embed", "draw", "video", "speak", "hear", "moderate")  # of test/…, pages with a sample
# curl says nothing of its progress and fails on a refusal.
CURL = 'curl() { command curl -sS --fail-with-body "$@"; }\n'


@cache
def fences(slug: str, base_url: str) -> list[Fence]:
    page = shelf(FALLBACK).pages[slug]
    figures = (
        dict.fromkeys(_figures_of(page.body), "1") | MODELS | {"base_url": base_url, "site_url": base_url}
    )
    return Document(fill(page.body, figures)).fences()


def _figures_of(text: str) -> set[str]:
    return {part.split("}}")[0] for part in text.split("{{")[1:]}


def pages() -> list[str]:
    return [slug for slug in shelf(FALLBACK).pages if not slug.startswith("errors/")]


def cases() -> Iterator[tuple[str, str]]:
    for slug in pages():
        found = fences(slug, "http://site")
        yield from ((slug, one) for one in RUNS if any(f.runs and f.language == one for f in found))


@pytest.fixture
def reader(stack: Stack) -> Caller:
    """Somebody with money and a key of both scopes."""
    caller = make_caller(balance_uzs=1_000_000, bonus_uzs=1_000, free=True)
    ApiKey.objects.filter(pk=caller.api_key.pk).update(scopes=["inference", "manage"])
    return caller


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reader: Caller) -> Path:
    """An empty folder, and the environment that the pages speak of."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CLOUDAPI_KEY", reader.key)
    monkeypatch.setenv("CLOUDAPI_MANAGE_KEY", reader.key)
    return tmp_path


@pytest.mark.filterwarnings("ignore:The Sora API:DeprecationWarning")  # OpenAI's own; the address stays ours
@pytest.mark.parametrize(("slug", "language"), list(cases()))
def test_the_samples_of_a_page_run(
    stack: Stack, desk: Path, capsys: pytest.CaptureFixture[str], slug: str, language: str
) -> None:
    if language == "bash":  # curl prints a picture as JSON; a reader has one of their own
        (desk / "image.png").write_bytes(png((64, 48), "salom"))
    for number, fence in enumerate(fences(slug, stack.url), 1):
        if not fence.runs or fence.language != language:
            continue
        said = executed(language, fence.text, f"docs-{slug}-{number}") + capsys.readouterr().out
        assert said.strip() or list(desk.iterdir()), fence.text


# Page → the element of its samples. One model of each kind that has a call of its own.
SHOWN = {"/": "hero"} | {f"/models/test/{name}": "sample" for name in KINDS}


@pytest.mark.filterwarnings("ignore:The Sora API:DeprecationWarning")
@pytest.mark.parametrize("path", SHOWN)
def test_the_samples_of_the_site_run_as_they_are_shown(
    stack: Stack, desk: Path, reader: Caller, capsys: pytest.CaptureFixture[str], path: str
) -> None:
    """Asked for in Uzbek, whose letters have to come through a shell, JSON and three languages."""
    if path.endswith("hear"):  # a reader has a recording of their own
        (desk / "speech.mp3").write_bytes(b"ID3" + bytes(2000))
    found = shown(stack, path)
    assert set(found) >= {"python", "bash"}
    for language, text in found.items():
        said = executed(language, text.replace(KEY, reader.key), f"site-{SHOWN[path]}")
        assert (said + capsys.readouterr().out).strip() or list(desk.iterdir()), text


def shown(stack: Stack, path: str) -> dict[str, str]:
    """The samples of a page by language, as a reader would copy them, with the gateway's own address."""
    asked = Request(f"{stack.url}{path}", headers={"Accept-Language": "uz"})
    with urlopen(asked, timeout=60) as answer:
        text = answer.read().decode()
    base = re.findall(r"https?://[\w.:]+/v1", unescape(text))[0].removesuffix("/v1")
    codes = re.findall(rf'<code id="{SHOWN[path]}-(\w+)">(.*?)</code>', text, re.DOTALL)
    found = {
        language: unescape(re.sub(r"<[^>]+>", "", code)).replace(base, stack.url) for language, code in codes
    }
    if path != "/":
        return found
    # The first page names a famous model, which this catalog doesn't have, or else any chat model that there
    # is: perhaps one whose provider another test has taken away.
    return {language: NAMED.sub(rf'\1"{MODELS["chat_model"]}"', code) for language, code in found.items()}


def executed(language: str, text: str, name: str) -> str:
    """What a sample said, if another process ran it; Python runs in this one."""
    if language == "python":
        exec(compile(text, f"{name}.py", "exec"), {"__name__": "__main__"})
        return ""
    if language == "bash":
        return run(["bash", "-euo", "pipefail", "-c", CURL + text])
    script = node_folder() / f"{name}-{os.getpid()}.mjs"
    script.write_text(text, encoding="utf-8")
    return run(["node", str(script)])


def run(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, f"{command[-1]}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_what_cannot_run_is_known() -> None:
    found = {slug: [f.language for f in fences(slug, "") if not f.runs] for slug in pages()}
    assert {slug: kinds for slug, kinds in found.items() if kinds} == UNRUN
    for slug in pages():
        assert all(f.language in RUNS for f in fences(slug, "") if f.runs), slug


def test_every_role_of_a_sample_has_a_model_here() -> None:
    assert set(MODELS) == {*_ROLES, "free_model"}
