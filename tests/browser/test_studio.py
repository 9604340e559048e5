"""Studio in a real browser: every mode, tags, caps, hostile answers, and that nothing of it is kept by us."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from django.db import connection
from playwright.sync_api import expect

from accounts.models import Membership, Role, StudioToken
from tests.browser.conftest import Tab
from tests.browser.talk import answered, enter, person, say, upstream, visit
from tests.factories import Caller, credit, rows, set_cap
from tests.live.videos import wish
from tests.processes import Gateway
from tests.proxy.test_audio_length import wav
from tests.stack import Stack
from tests.upstream.pictures import png

LOOKS = [(360, "light", "uz-UZ"), (360, "dark", "ru-RU"), (1440, "light", "en-US"), (1440, "dark", "uz-UZ")]
HOSTILE = (
    "# <script>document.title='owned'</script>\n\n<img src=x onerror=\"document.title='owned'\">\n\n"
    "[press](javascript:document.title='owned') <svg onload=\"document.title='owned'\"></svg>\n\n"
    "![seen](https://tracker.invalid/pixel.png) <iframe srcdoc='<b>x</b>'></iframe>\n\n"
    "<form action=https://evil.invalid><input name=q></form> <style>body{display:none}</style>\n\n"
    "```html\n<script>document.title='owned'</script>\n```\n"
)


@pytest.fixture
def alice(stack: Stack) -> Caller:
    return person(balance_uzs=100_000)


@pytest.fixture
def studio(new_tab: Callable[..., Tab], alice: Caller) -> Tab:
    return enter(new_tab(viewport={"width": 1440, "height": 900}), alice)


def test_a_chat_is_answered_billed_and_kept_over_a_reload(studio: Tab, alice: Caller) -> None:
    page = studio.page
    before = page.locator("[data-balance]").inner_text()
    say(page, "Salom, **Samarqand**!\n\n```python\nprint(1)\n```")
    figures = answered(page)
    expect(page.locator("[data-text] strong")).to_have_text("Samarqand")
    expect(page.locator(".answer-code button")).to_be_visible()
    for name in ("cost", "tokens", "ttft", "duration", "provider"):
        expect(figures.locator(f"[data-{name}]")).to_be_visible()
    row = alice.requests()[-1]
    assert row["model"] == "test/echo" and row["project_id"] == alice.project.pk
    assert figures.locator("a").get_attribute("href") == f"/dashboard/activity/{row['id']}"
    expect(page.locator("[data-balance]")).not_to_have_text(before)
    page.reload()
    expect(page.locator("[data-text] strong")).to_have_text("Samarqand")
    answered(page)
    assert studio.complaints == []


def test_the_conversation_goes_on_and_can_be_edited_and_asked_anew(studio: Tab, alice: Caller) -> None:
    page = studio.page
    say(page, "one")
    answered(page)
    say(page, "two")
    answered(page, 2)
    expect(page.locator("[data-text]").last).to_have_text("two")
    page.locator("[data-retry]").click()
    answered(page, 2)
    page.locator("[data-edit]").first.click()
    page.get_by_label("Edit").fill("three")
    page.locator("[data-resend]").click()
    answered(page, 1)
    expect(page.locator("[data-text]")).to_have_text("three")
    assert len(alice.requests()) == 4


def test_stop_cancels_the_upstream_and_tells_what_it_cost(studio: Tab, alice: Caller) -> None:
    page = studio.page
    say(page, upstream(text="salom " * 400, chunk_ms=100))
    expect(page.locator("[data-text]")).to_contain_text("salom salom")
    page.locator("[data-prompt]").focus()
    page.keyboard.press("Escape")
    expect(page.locator("[data-stopped]")).to_be_visible()
    expect(page.locator("[data-figures] [data-cost]")).to_be_visible()
    row = alice.requests()[-1]
    assert row["status"] == "cancelled" and 0 < row["output_tokens"] < 400
    assert alice.holds(state=0) == []


def test_two_models_answer_side_by_side(studio: Tab, alice: Caller) -> None:
    page = studio.page
    page.locator("[data-compare]").click()
    page.locator("#studio-models [data-search]").fill("test three")
    page.locator("#studio-models .studio-model").first.click()
    expect(page.locator(".studio-column")).to_have_count(2)
    say(page, "Salom")
    answered(page, 2)
    assert {row["model"] for row in alice.requests()} == {"test/echo", "test/three"}
    expect(page.locator("[data-column-sums]")).to_have_count(2)
    expect(page.locator("[data-sums]")).to_contain_text("tokens")
    say(page, upstream(text="salom " * 300, chunk_ms=100))
    expect(page.locator("[data-stop-column]")).to_have_count(2)
    assert studio.axe() == []
    page.locator("[data-stop-column]").first.click()
    expect(page.locator("[data-stopped]")).to_have_count(1)
    expect(page.locator("[data-stop-column]")).to_have_count(1)
    page.locator("[data-stop]").click()
    expect(page.locator("[data-stopped]")).to_have_count(2)
    # A stopped call's receipt is asked for until it is written; Chromium complains of each 404.
    assert [one for one in studio.complaints if "404 (Not Found)" not in one] == []


def test_tags_choose_the_provider_of_a_model_and_of_any(studio: Tab, alice: Caller) -> None:
    page = visit(studio, "model=test/three")
    page.locator("[data-pick]").click()
    page.locator("#studio-models [value=price]").check()
    page.locator("#studio-models [value=same]").click()
    expect(page.locator("[data-pick]")).to_have_text("Test Three@price")
    say(page, "Salom")
    answered(page)
    expect(page.locator("[data-figures] [data-provider] dd")).to_have_text("beta")  # the cheapest of three
    assert alice.requests()[-1]["asked"] == "test/three@price"
    page.locator("[data-pick]").click()
    page.locator("#studio-models [value=latency]").check()
    page.locator("#studio-models [value=any]").click()
    say(page, "Salom")
    answered(page, 2)
    assert alice.requests()[-1]["asked"] == "@price@latency"


def test_tools_are_shown_and_their_results_go_on(studio: Tab, alice: Caller) -> None:
    page = studio.page
    page.get_by_text("Tools", exact=True).click()
    weather = {
        "name": "weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    }
    page.locator("[data-param=tools]").fill(json.dumps([weather]))
    steps = [{"tool_calls": [{"name": "weather", "arguments": {"city": "Buxoro"}}]}, {"text": "Issiq."}]
    say(page, upstream(steps=steps))
    expect(page.locator("[data-tool-call=weather]")).to_contain_text("Buxoro")
    page.locator("[data-tool-result]").fill("41")
    page.locator("[data-tool-send]").click()
    expect(page.locator("[data-text]")).to_have_text("Issiq.")
    page.locator("[data-param=tools]").fill("{nonsense")
    say(page, "again")
    expect(page.locator("[data-complaint]")).to_be_visible()
    assert len(alice.requests()) == 2


def test_hostile_answers_do_nothing(studio: Tab) -> None:
    page = studio.page
    title = page.title()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    say(page, HOSTILE)
    answered(page)
    answer = page.locator("[data-text]")
    expect(answer.locator("a")).to_have_count(1)  # the renderer is loaded beside the first answer
    for what in ("script", "img", "svg", "iframe", "form", "input", "style", "[onerror]", "[style]"):
        expect(answer.locator(what)).to_have_count(0)
    assert page.title() == title
    links = [link.get_attribute("href") for link in answer.locator("a").all()]
    assert links == ["https://tracker.invalid/pixel.png"]
    assert all(url.startswith((studio.site, "data:")) for url in asked)
    assert studio.complaints == []


def test_a_cap_and_an_empty_wallet_stop_it_with_a_way_on(new_tab: Callable[..., Tab], alice: Caller) -> None:
    tab = enter(new_tab(), alice)
    set_cap(alice, "project_day", 0)
    say(tab.page, "Salom")
    expect(tab.page.locator("[data-error=budget_exceeded] a")).to_have_attribute("href", "/dashboard/budgets")
    poor = person()
    other = enter(new_tab(), poor)
    say(other.page, "Salom")
    expect(other.page.locator("[data-error=insufficient_balance] a")).to_have_attribute(
        "href", "/dashboard/billing"
    )
    credit(poor, paid_micros=1_000_000_000)
    other.page.locator("[data-error] button").click()
    answered(other.page)


def test_pictures_vectors_and_speech_are_made(studio: Tab, alice: Caller) -> None:
    page = visit(studio, "model=test/embed")
    page.locator("[data-media=embedding] [name=input]").fill("olma\nanor\nolma")
    page.locator("[data-media=embedding] [data-media-send]").click()
    expect(page.locator("[data-vector-size]")).to_be_visible()
    cells = page.locator("[data-result=embedding] tbody tr").first.locator("td")
    assert [cells.nth(1).inner_text(), cells.nth(3).inner_text()] == ["1", "1"]
    page = visit(studio, f"{urlencode({'model': 'test/draw', 'prompt': 'Registan at dawn'})}")
    expect(page.locator("[data-media=image] [name=prompt]")).to_have_value("Registan at dawn")
    page.locator("[data-media=image] [data-media-send]").click()
    expect(page.locator("[data-result=image] img")).to_be_visible()
    expect(page.locator("[data-result=image] [data-cost]")).to_be_visible()
    page = visit(studio, "model=test/speak&prompt=Salom")
    page.locator("[data-media=speech] [data-media-send]").click()
    expect(page.locator("[data-result=speech] audio")).to_be_visible()
    assert [row["kind"] for row in alice.requests()] == ["embeddings", "images", "speech"]
    studio.sound()


def test_sound_is_read_and_pictures_are_seen(studio: Tab, alice: Caller) -> None:
    page = visit(studio, "model=test/hear")
    page.locator("[data-media=transcription] [type=file]").set_input_files(
        {"name": "two seconds.wav", "mimeType": "audio/wav", "buffer": wav(2)}
    )
    page.locator("[data-media=transcription] [name=prompt]").fill(upstream(text="Olma pishdi"))
    page.locator("[data-media=transcription] [data-media-send]").click()
    expect(page.locator("[data-transcribed]")).to_have_text("Olma pishdi")
    page = visit(studio, "model=test/one")
    seen = {"name": "seen.png", "mimeType": "image/png", "buffer": png((40, 30), "seen")}
    page.locator("[data-attach]").set_input_files([seen, seen])  # type: ignore[list-item]
    page.locator("[data-images] button").first.click()
    expect(page.locator("[data-images] img")).to_have_count(1)
    say(page, upstream(run="seen"))
    answered(page)
    expect(page.locator(".turn img")).to_be_visible()
    assert [row["kind"] for row in alice.requests()] == ["transcriptions", "chat"]
    studio.sound()


def test_a_film_is_waited_for_and_another_one_is_called_off(studio: Tab, alice: Caller) -> None:
    """The clock is ours, so that nobody waits for the page to ask again."""
    studio.page.clock.install()
    for polls in (1, 10**6):
        page = visit(studio, urlencode({"model": "test/video", "prompt": wish(job={"polls": polls})}))
        page.locator("[data-media=video] [data-media-send]").click()
        expect(page.locator("[data-result=video] progress")).to_be_visible()
        studio.sound()
        if polls == 1:
            page.clock.run_for(10_000)
            expect(page.locator("[data-result=video] video")).to_be_visible()
            expect(page.locator("[data-result=video] [data-cost]")).to_be_visible()
    page.locator("[data-cancel-job]").click()
    expect(page.locator("[data-result=video]")).to_have_text("Stopped.")
    assert [row["status"] for row in alice.requests()] == ["ok", "cancelled"]
    assert alice.holds(state=0) == []
    studio.sound()


def test_shown_code_runs_as_it_stands(studio: Tab, alice: Caller, site: Gateway, tmp_path: Path) -> None:
    page = studio.page
    page.locator("[data-param=system]").fill('It\'s a "test" of $HOME and `id`')
    page.locator("[data-param=temperature]").fill("0.5")
    page.get_by_text("Raw JSON", exact=True).click()
    page.locator("[data-param=raw]").fill('{"top_k": 4}')
    say(page, "Salom, o'quvchi \\ 100 %")
    answered(page)
    page.locator("[data-show-code]").click()
    environment = os.environ | {"CLOUDAPI_KEY": alice.key}
    for language, command in {"python": [sys.executable], "curl": ["bash"]}.items():
        text = page.locator(f"[data-code={language}]").text_content() or ""
        file = tmp_path / language
        file.write_text(text.replace("http://127.0.0.1:8000", site.url), encoding="utf-8")
        done = subprocess.run(
            [*command, str(file)], env=environment, capture_output=True, text=True, check=False
        )
        said = "100 %" if language == "python" else "[DONE]"
        assert done.returncode == 0 and said in done.stdout, done
    assert "fs" not in (page.locator("[data-code=node]").text_content() or "")
    assert [row["input_tokens"] for row in alice.requests()] == [alice.requests()[0]["input_tokens"]] * 3


def test_conversations_are_renamed_taken_along_and_deleted(studio: Tab) -> None:
    page = studio.page
    page.locator("[data-open-panel=studio-side]").click()
    for text in ("first", "second"):
        page.locator("[data-new]").click()
        say(page, text)
        answered(page)
        page.locator("[data-open-panel=studio-side]").click()
    expect(page.locator(".conversation")).to_have_count(2)
    page.locator("[data-rename]").first.click()
    page.locator(".rename input").fill("renamed")
    page.keyboard.press("Enter")
    expect(page.locator(".conversation-title").first).to_have_text("renamed")
    with page.expect_download() as download:
        page.locator("[data-export]").click()
    found = json.loads(Path(download.value.path()).read_text(encoding="utf-8"))
    assert {one["title"] for one in found} == {"first", "renamed"}
    page.locator("[data-delete]").first.click()
    page.locator("[data-yes]").click()
    expect(page.locator("#studio-confirm")).not_to_be_visible()
    expect(page.locator(".conversation")).to_have_count(1)
    page.locator("[data-open-panel=studio-side]").click()
    page.locator("[data-clear]").click()
    page.locator("[data-yes]").click()
    expect(page.locator(".conversation")).to_have_count(0)


def test_nothing_that_was_said_is_on_our_side(studio: Tab, site: Gateway, stack: Stack) -> None:
    canary = f"kanareyka-{uuid4().hex}"
    page = visit(studio, urlencode({"model": "test/echo", "prompt": f"{canary}-fragment"}))
    assert canary not in page.url
    say(page, canary)
    answered(page)
    tables = rows(
        "SELECT quote_ident(table_schema) || '.' || quote_ident(table_name) AS name"
        " FROM information_schema.tables WHERE table_type = 'BASE TABLE' AND table_schema = 'public'"
    )
    for table in tables:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM {table['name']} t WHERE t::text LIKE %s", [f"%{canary}%"])
            assert cursor.fetchone() == (0,), table["name"]
    token = page.evaluate("performance.getEntriesByType('resource').map((one) => one.name).join(' ')")
    assert "cap-" not in token and canary not in token
    for log in stack.folder.rglob("*.log"):
        assert canary not in log.read_text(encoding="utf-8", errors="replace"), log.name


def test_logging_out_kills_the_token(studio: Tab, alice: Caller) -> None:
    page = studio.page
    say(page, "Salom")
    answered(page)
    assert StudioToken.objects.filter(key__created_by=alice.user).exists()
    other = page.context.new_page()
    other.goto(f"{studio.site}/accounts/logout/")
    other.locator("main button[type=submit]").click()
    other.wait_for_url(f"{studio.site}/")
    assert not StudioToken.objects.filter(key__created_by=alice.user).exists()
    way_on = page.locator("[data-error=signed_out] a")
    for _ in range(20):  # until the gateway has heard of it
        say(page, "Salom again")
        expect(page.locator("[data-columns] .waiting")).to_have_count(0)
        if way_on.count():
            break
    expect(way_on).to_have_attribute("href", "/accounts/login/?next=/dashboard/studio")


def test_a_viewer_reads_why_not(new_tab: Callable[..., Tab], alice: Caller) -> None:
    Membership.objects.filter(user=alice.user).update(role=Role.VIEWER)
    tab = new_tab()
    tab.enter(alice.user)
    page = tab.open("/dashboard/studio")
    expect(page.locator("main .notice")).to_contain_text("only allows to look on")
    expect(page.locator("[data-studio]")).to_have_count(0)


@pytest.mark.parametrize(("width", "scheme", "locale"), LOOKS)
def test_it_looks_right_everywhere(
    new_tab: Callable[..., Tab], alice: Caller, width: int, scheme: str, locale: str
) -> None:
    tab = new_tab(viewport={"width": width, "height": 800}, color_scheme=scheme, locale=locale)
    page = enter(tab, alice, "").page
    tab.sound("the empty page")
    tab.picture(f"studio-empty-{width}-{scheme}-{locale}")
    visit(tab, "model=test/echo")
    say(page, "Salom `code` **dunyo**\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n- bir\n- ikki")
    answered(page)
    tab.sound("a chat")
    tab.picture(f"studio-chat-{width}-{scheme}-{locale}")
    page.locator("[data-pick]").click()
    tab.sound("the models")
    tab.picture(f"studio-models-{width}-{scheme}-{locale}")
    page.keyboard.press("Escape")
    page.locator("[data-show-code]").click()
    tab.sound("the code")
    page.keyboard.press("Escape")
    if width < 1000:
        page.locator("[data-open-panel=studio-settings]").click()
        tab.sound("the settings")
        tab.picture(f"studio-settings-{width}-{scheme}-{locale}")
        page.keyboard.press("Escape")
    page.locator("[data-mode=embedding]").click()
    tab.sound("vectors")
    tab.picture(f"studio-vectors-{width}-{scheme}-{locale}")
