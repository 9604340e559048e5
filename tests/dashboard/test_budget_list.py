"""The list of budgets: keys under their projects, found by name, a page at a time, as a file."""

import csv
from io import StringIO

import pytest
from django.utils import timezone

from accounts.keys import create_key
from accounts.models import Project
from tests.dashboard.calls import browser
from tests.factories import MICROS, Caller, make_caller

pytestmark = pytest.mark.django_db


def shown(caller: Caller, query: str = "") -> dict[str, list[str]]:
    """Names of keys by the name of their project, as on the page."""
    page = browser(caller).get(f"/dashboard/budgets?{query}")
    return {one.project.name: [key.name for key, _ in one.keys] for one in page.context["projects"]}


def test_keys_stay_under_their_projects_and_are_found_by_name() -> None:
    caller = make_caller()
    shop, _empty = (
        Project.objects.create(organization=caller.organization, name=name) for name in ("Shop", "Empty")
    )
    for name in ("Till", "Adverts"):
        create_key(project=shop, name=name)
    assert shown(caller) == {"Default": ["test"], "Empty": [], "Shop": ["Adverts", "Till"]}
    assert shown(caller, "sort=name") == {"Default": ["test"], "Empty": [], "Shop": ["Adverts", "Till"]}
    assert shown(caller, "q=til") == {"Shop": ["Till"]}
    assert shown(caller, "q=empty") == {"Empty": []}
    assert shown(caller, f"project={shop.public_id}") == {"Shop": ["Adverts", "Till"]}
    assert "No project or key matches" in browser(caller).get("/dashboard/budgets?q=nothing-like-it").text


def test_an_archived_project_has_no_budgets_and_a_strangers_is_not_offered() -> None:
    caller, bob = make_caller(), make_caller()
    old = Project.objects.create(organization=caller.organization, name="Old")
    create_key(project=old, name="Gone")
    Project.objects.filter(pk=old.pk).update(archived_at=timezone.now())
    assert shown(caller) == {"Default": ["test"]}
    assert shown(caller, f"project={bob.project.public_id}") == {"Default": ["test"]}
    assert str(bob.project.public_id) not in browser(caller).get("/dashboard/budgets").text


def test_a_file_says_each_window_exactly() -> None:
    caller = make_caller(caps={"project_day": 10_000 * MICROS, "key_lifetime": 50_500_000})
    answer = browser(caller).get("/dashboard/budgets?file=csv")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    rows = {(row["kind"], row["window"]): row for row in csv.DictReader(StringIO(text))}
    assert len(rows) == 5
    assert (rows["project", "day"]["limit_uzs"], rows["project", "day"]["left_uzs"]) == ("10000", "10000")
    assert (rows["project", "month"]["limit_uzs"], rows["project", "month"]["left_uzs"]) == ("", "")
    assert rows["key", "lifetime"]["limit_uzs"] == "50.5"
    assert rows["key", "lifetime"]["resets_on"] == "" != rows["key", "day"]["resets_on"]
    assert rows["key", "day"]["id"] == caller.api_key.api_id
