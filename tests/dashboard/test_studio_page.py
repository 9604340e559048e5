"""The page of Studio: what it gives its scripts, and to whom."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from accounts.models import Membership, Project, Role
from dashboard.studio import TEXTS
from tests.dashboard.calls import browser
from tests.embedded import ROOT
from tests.factories import Caller, make_caller

pytestmark = pytest.mark.django_db
SCRIPTS = Path(ROOT) / "static" / "js" / "studio"


def page(caller: Caller) -> str:
    answer = browser(caller).get("/dashboard/studio")
    assert answer.status_code == 200
    return answer.content.decode()


def given(text: str) -> dict[str, Any]:
    found = re.search(r'<script id="studio-data" type="application/json">(.*?)</script>', text, re.S)
    assert found is not None
    return dict(json.loads(found[1]))


def test_strangers_are_sent_to_the_login() -> None:
    answer = Client().get("/dashboard/studio")
    assert answer.status_code == 302 and answer["Location"].startswith("/accounts/login/")


def test_it_offers_ones_own_projects_only() -> None:
    alice, bob = make_caller(), make_caller()
    second = Project.objects.create(organization=alice.organization, name="Second")
    text = page(alice)
    assert alice.project.api_id in text and second.api_id in text
    assert bob.project.api_id not in text and bob.organization.api_id not in text


def test_no_token_and_no_key_is_in_the_page() -> None:
    alice = make_caller()
    text = page(alice)
    assert not re.search(r"cap-[0-9A-Za-z]{20}", text)
    assert given(text)["urls"]["token"] == "/dashboard/studio/token"


def test_a_viewer_gets_no_scripts() -> None:
    alice = make_caller()
    Membership.objects.filter(user=alice.user).update(role=Role.VIEWER)
    text = page(alice)
    assert "studio-data" not in text and "js/studio" not in text


def test_results_may_come_out_of_the_browsers_own_memory_and_nothing_else_changes() -> None:
    policy = browser(make_caller()).get("/dashboard/studio")["Content-Security-Policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";") if " " in rule.strip())
    assert rules["img-src"] == rules["media-src"] == "'self' data: blob:"
    assert rules["connect-src"] == "'self'" and "unsafe" not in policy


def test_each_text_that_a_script_asks_for_exists() -> None:
    scripts = "".join(file.read_text(encoding="utf-8") for file in SCRIPTS.glob("*.js"))
    asked = set(re.findall(r'\bt\("([a-z_]+)"', scripts))
    asked |= set(re.findall(r'\["(error_[a-z_]+)"', scripts))
    assert asked and asked <= set(TEXTS)
