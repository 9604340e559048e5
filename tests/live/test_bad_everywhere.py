"""Inputs 1–37 of reliability.md §4 that concern every billable address, on each of them.

What only chat completions can be asked for is in test_bad_body.py, other dialects' own fields in their files.
"""

import json

import pytest

from proxy.routes import BILLABLE
from tests.contract.bodies import BODIES as GOOD
from tests.factories import Caller, make_caller
from tests.live.client import PATH
from tests.live.raw import Bad, head, post, refused, talk
from tests.stack import Stack

MIB = 2**20
ROUTES = sorted(set(BILLABLE) - {PATH})
SPEAKS_JSON = [path for path in ROUTES if not BILLABLE[path].form or BILLABLE[path].json_too]
# A dry run takes forms only where `?path=` names a call that does (test_tags_everywhere.py).
TAKES_FORMS = [path for path in ROUTES if BILLABLE[path].form and not BILLABLE[path].dry_run]
BODIES: dict[str, tuple[bytes, str, str | None]] = {
    "27": (b"", "invalid_json", None),
    "28-cut": (b'{"model":"test/one"', "invalid_json", None),
    "28-bom": (b"\xef\xbb\xbf{}", "invalid_json", None),
    "28-more": (b"{}{}", "invalid_json", None),
    "29-list": (b"[]", "invalid_type", None),
    "29-text": (b'"model"', "invalid_type", None),
    "29-null": (b"null", "invalid_type", None),
    "30": (b"[" * 10_000 + b"]" * 10_000, "json_too_deep", None),
    "31-nan": (b'{"model":NaN}', "invalid_json", None),
    "31-1e999": (b'{"model":"m","seed":1e999}', "invalid_json", None),
    "32": (b'{"model":"test/one","model":"test/dear"}', "duplicate_key", "model"),
    "33-bytes": (b'{"model":"\xff\xfe"}', "invalid_unicode", None),
    "33-surrogate": (b'{"model":"\\ud800"}', "invalid_unicode", None),
    "34": (b'{"model":"m","seed":' + b"9" * 5_000 + b"}", "invalid_value", None),
}
NAMES = {
    "37-number": (123, "invalid_type"),
    "37-empty": ("", "invalid_value"),
    "37-long": ("m" * 10_240, "invalid_value"),
}
FORM = "content-type: multipart/form-data; boundary=x"
NO_FORMS = (b"", b"--x", b"--x\r\n\r\n", b"\0" * 100, b"--x\r\ncontent-disposition: form-data")


def first(path: str, query: str = "") -> str:
    return f"POST {path}{query} HTTP/1.1"


def heads(path: str, key: str) -> list[Bad]:
    """What the head alone can refuse, whatever the body may be."""
    large = f"content-length: {32 * MIB + 1}"
    only_forms = path not in SPEAKS_JSON
    unzipped = "unsupported_media_type" if only_forms else "unsupported_content_encoding"
    return [
        Bad("3-text", sends(None, path, "content-type: text/plain"), 415, "unsupported_media_type"),
        Bad("3-missing", sends(None, path, "content-type:"), 415, "unsupported_media_type"),
        Bad(
            "5",
            sends(b"", path, large, *([FORM] if only_forms else [])),
            413,
            "request_too_large",
            closes=True,
        ),
        Bad("13", sends(None, path, "content-encoding: gzip"), 415, unzipped),
        Bad("14", lambda c: post(c, host="evil.example", first=first(path)), 400, "invalid_host"),
        Bad("23", lambda c: post(c, first=first(path, f"?key={key}")), 401, "key_in_url"),
    ]


@pytest.mark.parametrize("path", ROUTES)
def test_what_the_head_can_refuse_moves_nothing(stack: Stack, path: str):
    caller = make_caller(balance_uzs=1_000)
    for case in heads(path, caller.key):
        refused(stack, caller, case)


@pytest.mark.parametrize("path", [path for path in ROUTES if not BILLABLE[path].shared])
def test_other_methods_are_refused(stack: Stack, path: str):
    """Input 1."""
    caller = make_caller(balance_uzs=1_000)
    for method in ("GET", "PUT", "DELETE", "PATCH", "OPTIONS"):
        case = Bad("1", lambda _, m=method: head(first=f"{m} {path} HTTP/1.1"), 405, "method_not_allowed")
        assert refused(stack, caller, case).header("allow") == "POST"


@pytest.mark.parametrize("path", SPEAKS_JSON)
def test_bodies_that_are_no_json_object_are_refused(stack: Stack, path: str):
    caller = make_caller(balance_uzs=1_000)
    for number, (raw, code, param) in BODIES.items():
        refused(stack, caller, Bad(number, sends(raw, path), 400, code, param))
    for number, (name, code) in NAMES.items():
        raw = json.dumps(GOOD[BILLABLE[path].surface] | {"model": name}).encode()
        refused(stack, caller, Bad(number, sends(raw, path), 400, code, "model"))
    charset = "content-type: application/json; charset=utf-16"
    case = Bad("4", lambda c: post(c, None, charset, first=first(path)), 415, "unsupported_charset")
    refused(stack, caller, case)


@pytest.mark.parametrize("path", TAKES_FORMS)
def test_forms_that_are_none_are_refused(stack: Stack, path: str):
    caller = make_caller(balance_uzs=1_000)
    for number, raw in enumerate(NO_FORMS):
        refused(stack, caller, Bad(f"form-{number}", sends(raw, path, FORM), 400, "invalid_form"))


def sends(raw: bytes | None, path: str, *lines: str):
    def send(caller: Caller) -> bytes:
        return post(caller, raw, *lines, first=first(path))

    return send


def test_the_connection_is_good_for_another_call_afterwards(stack: Stack):
    caller = make_caller(balance_uzs=1_000)
    for path in SPEAKS_JSON:
        assert talk(stack, post(caller, b"[]", first=first(path))).status == 400
    assert talk(stack, post(caller)).status == 200
