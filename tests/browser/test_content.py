"""What calls say, read in a real browser: the key is made and kept there, and the server opens nothing.

With SCREENSHOTS=<folder> in the environment a picture of each page stays behind.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Page, expect

from accounts.models import AuditEntry
from tests.browser.conftest import Tab
from tests.content import kept
from tests.factories import Caller, make_caller, rows
from tests.live.client import chat, directive, stream
from tests.processes import Gateway
from tests.stack import Stack

CANARY = "oltin baliq 7731"
# A browser that doesn't know the curve.
WITHOUT_CURVE = """
const real = crypto.subtle.importKey.bind(crypto.subtle);
crypto.subtle.importKey = async (format, data, how, ...rest) => {
  if (how.name === "X25519") throw new DOMException("", "NotSupportedError");
  return real(format, data, how, ...rest);
};
"""
LOOKS: list[tuple[int, Literal["light", "dark"], str]] = [
    (1280, "dark", "en-US"), (360, "light", "uz-UZ"), (360, "dark", "ru-RU"),
]  # fmt: skip


@pytest.fixture
def owner(stack: Stack, site: Gateway) -> Caller:
    caller = make_caller(balance_uzs=1_000_000, free=True)
    caller.user.emailaddress_set.create(email=caller.user.email, primary=True, verified=True)
    return caller


def address(caller: Caller) -> str:
    return f"/dashboard/projects/{caller.project.api_id}/logs"


def turned_on(tab: Tab, caller: Caller, folder: Path) -> Path:
    """The key's file, after the switch was turned by hand."""
    page = tab.open(address(caller))
    with page.expect_download() as download:
        page.locator("[data-make]").click()
    file = folder / download.value.suggested_filename
    download.value.save_as(file)
    submit = page.locator("[data-submit]")
    expect(submit).to_be_disabled()
    page.locator("[data-file]").set_input_files(file)
    expect(page.locator("[data-note].success")).to_be_visible()
    expect(submit).to_be_disabled()  # nothing is understood yet
    page.locator("#understood").check()
    tab.picture(f"logs-setup-{page.evaluate('document.documentElement.lang')}")
    submit.click()
    expect(page.locator(".badge.ok")).to_be_visible()
    return file


def said(site: Gateway, caller: Caller, text: str, count: int) -> dict[str, Any]:
    """The sealed record of a call that says this."""
    told = [{"role": "system", "content": "You are brief."}, *directive(completion_tokens=12)]
    answer = chat(site, caller, messages=[*told, {"role": "user", "content": text}])
    assert answer.status == 200
    return kept(caller, count)[-1]


def opened(tab: Tab, record: dict[str, Any], file: Path) -> Page:
    page = tab.open(f"/dashboard/activity/{record['request_id']}/content")
    expect(page.locator("[data-ask]")).to_be_visible()  # it asks once it has what the file is to open
    page.locator("[data-file]").set_input_files(file)
    return page


def test_an_owner_reads_what_the_server_can_not(
    new_tab: Callable[..., Tab], owner: Caller, site: Gateway, tmp_path: Path
) -> None:
    tab = new_tab(viewport={"width": 360, "height": 800})
    tab.enter(owner.user)
    file = turned_on(tab, owner, tmp_path)
    record = said(site, owner, CANARY, 1)
    held = rows(
        "SELECT proxy_content::text AS row FROM proxy_content WHERE project_id = %s", owner.project.pk
    )
    assert CANARY not in str(held) and CANARY.encode().hex() not in str(held)
    private = json.loads(file.read_text())["private_key"]
    assert private not in str(AuditEntry.objects.filter(organization=owner.organization).values())

    page = tab.open(f"/dashboard/activity/{record['request_id']}")
    page.get_by_role("link", name="Open with your key").click()
    assert CANARY not in page.content()
    page.locator("#remember").check()
    page.locator("[data-file]").set_input_files(file)
    expect(page.locator("[data-request] .turn.user").last).to_contain_text(CANARY)
    expect(page.locator("[data-request] .turn.aside").first).to_contain_text("You are brief.")
    expect(page.locator("[data-response] .turn.assistant")).to_be_visible()
    tab.picture("content-opened")
    page.get_by_role("button", name="As it was sent").click()
    expect(page.locator("#request-raw")).to_contain_text(f'"content": "{CANARY}"')
    page.reload()  # the device remembers
    expect(page.locator("[data-request]")).to_contain_text(CANARY)
    page.get_by_role("button", name="Forget the key on this device").click()
    page.reload()
    expect(page.locator("[data-ask]")).to_be_visible()
    assert CANARY not in page.content()
    assert (tab.overflow(), tab.faint(), tab.complaints) == (0, [], [])


def test_a_record_of_another_call_and_a_key_of_another_project_open_nothing(
    new_tab: Callable[..., Tab], owner: Caller, site: Gateway, tmp_path: Path
) -> None:
    tab = new_tab(viewport={"width": 1280, "height": 800})
    tab.enter(owner.user)
    file = turned_on(tab, owner, tmp_path)
    first, second = said(site, owner, "one", 1), said(site, owner, CANARY, 2)
    moved = second | {"request_id": first["request_id"], "time": first["time"]}
    tab.page.route("**/api/content/*", lambda route: route.fulfill(json=moved))
    page = opened(tab, first, file)
    expect(page.get_by_text("it belongs to another call")).to_be_visible()
    assert CANARY not in page.content()
    tab.page.unroute("**/api/content/*")

    made = "import('/static/js/log-key.js').then((module) => module.makeKeyFile(project))"
    other = tmp_path / "other.json"
    other.write_text(page.evaluate(made.replace("project", f"'proj_{0:032}'"))["text"])
    page = opened(tab, second, other)
    expect(page.get_by_text("belongs to another project")).to_be_visible()
    page.locator("[data-file]").set_input_files({"name": "x.json", "mimeType": "", "buffer": b"{}"})
    expect(page.get_by_text("This is no CloudAPI log key file.")).to_be_visible()
    assert tab.complaints == []


def test_after_a_new_key_the_old_file_opens_what_it_sealed(
    new_tab: Callable[..., Tab], owner: Caller, site: Gateway, tmp_path: Path
) -> None:
    tab = new_tab(viewport={"width": 1280, "height": 800})
    tab.page.add_init_script(WITHOUT_CURVE)
    tab.enter(owner.user)
    old = turned_on(tab, owner, tmp_path)
    first = said(site, owner, CANARY, 1)
    new = turned_on(tab, owner, tmp_path)
    assert old != new
    page = opened(tab, first, new)
    expect(page.locator("[data-note]")).to_contain_text(json.loads(old.read_text())["fingerprint"][:16])
    page.locator("#remember").check()
    page.locator("[data-file]").set_input_files(old)
    expect(page.locator("[data-request]")).to_contain_text(CANARY)
    expect(page.get_by_text("can't keep a key safely")).to_be_visible()
    assert tab.complaints == []


@pytest.mark.parametrize(("width", "scheme", "locale"), LOOKS)
def test_streams_read_as_a_conversation_in_each_language(  # noqa: PLR0913
    new_tab: Callable[..., Tab],
    owner: Caller,
    site: Gateway,
    tmp_path: Path,
    width: int,
    scheme: Literal["light", "dark"],
    locale: str,
) -> None:
    tab = new_tab(viewport={"width": width, "height": 800}, color_scheme=scheme, locale=locale)
    tab.enter(owner.user)
    for name, path in (("projects", "/dashboard/projects"), ("logs-off", address(owner))):
        tab.open(path)
        tab.picture(f"{name}-{locale}")
        assert (tab.overflow(), tab.faint()) == (0, []), name
    file = turned_on(tab, owner, tmp_path)
    tab.picture(f"logs-on-{locale}")
    assert (tab.overflow(), tab.faint()) == (0, [])
    events = stream(site, owner, messages=directive(completion_tokens=9))
    text = "".join(one["choices"][0]["delta"].get("content") or "" for one in events if one["choices"])
    page = opened(tab, kept(owner)[-1], file)
    expect(page.locator("[data-response] .turn.assistant")).to_contain_text(text.strip())
    tab.picture(f"content-{locale}")
    assert (tab.overflow(), tab.faint(), tab.complaints) == (0, [], [])
    page = tab.open(f"{address(owner)}/delete")
    tab.picture(f"logs-delete-{locale}")
    page.locator("#sure-typed").fill(owner.project.name)
    page.locator("button.danger").click()
    page = opened_nothing(tab, kept_id(owner))
    assert (tab.overflow(), tab.faint(), tab.complaints) == (0, [], [])


ADDING = {"type": "tool_use", "name": "add", "input": {"a": 2}}
TOOL_CALL = "".join(
    "data: "
    + json.dumps({"choices": [{"delta": {"tool_calls": [{"index": 0, "function": piece}]}}]})
    + "\n\n"
    for piece in ({"name": "add", "arguments": '{"a"'}, {"arguments": ":2}"})
)
CONVERSATIONS: list[tuple[str, str, str, list[tuple[str, list[tuple[str, str]]]]]] = [
    (
        "messages",
        "asked",
        json.dumps(
            {
                "system": [{"type": "text", "text": "Be brief."}],
                "messages": [
                    {"role": "user", "content": "2+2?"},
                    {
                        "role": "assistant",
                        "content": [{"type": "tool_use", "name": "add", "input": {"a": 2}}],
                    },
                    {"role": "user", "content": [{"type": "tool_result", "content": "4"}, {"type": "image"}]},
                ],
            }
        ),
        [
            ("system", [("text", "Be brief.")]),
            ("user", [("text", "2+2?")]),
            ("assistant", [("call", '{\n  "a": 2\n}')]),
            ("user", [("text", "4"), ("note", "picture")]),
        ],
    ),
    (
        "messages, streamed and cut off",
        "streamed",
        'event: content_block_start\ndata: {"type":"content_block_start","index":0,"content_block":'
        '{"type":"thinking","thinking":""}}\n\ndata: {"type":"content_block_delta","index":0,"delta":'
        '{"type":"thinking_delta","thinking":"hm"}}\n\ndata: {"type":"content_block_start","index":1,'
        '"content_block":{"type":"text","text":""}}\n\ndata: {"type":"content_block_delta","index":1,'
        '"delta":{"type":"text_delta","text":"four"}}\n\ndata: {"type":"content_bl',
        [("assistant", [("thinking", "hm"), ("text", "four")])],
    ),
    (
        "chat, streamed, with a tool",
        "streamed",
        TOOL_CALL,
        [("assistant", [("call", '{\n  "a": 2\n}')])],
    ),
    (
        "responses",
        "answered",
        json.dumps(
            {
                "output": [
                    {"type": "reasoning", "summary": [{"text": "hm"}]},
                    {
                        "type": "message",
                        "role": "assistant",
                        "content": [{"type": "output_text", "text": "four"}],
                    },
                ]
            }
        ),
        [("assistant", [("thinking", "hm")]), ("assistant", [("text", "four")])],
    ),
    ("an error", "answered", '{"error": {"message": "no"}}', [("error", [("text", "no")])]),
]


def test_bodies_of_each_dialect_become_turns(new_tab: Callable[..., Tab]) -> None:
    page = new_tab().open("/")
    module = "import('/static/js/conversation.js')"
    for name, read, body, turns in CONVERSATIONS:
        value = "text" if read == "streamed" else "JSON.parse(text)"
        found = page.evaluate(f"async (text) => (await {module}).{read}({value})", body)
        plain = [(one["role"], [(part["kind"], part["text"]) for part in one["parts"]]) for one in found]
        assert plain == turns, name


def kept_id(caller: Caller) -> str:
    return str(caller.requests()[-1]["id"])


def opened_nothing(tab: Tab, call: str) -> Page:
    page = tab.open(f"/dashboard/activity/{call}/content")
    expect(page.locator("[data-log-content]")).to_have_count(0)
    tab.picture("content-gone")
    return page
