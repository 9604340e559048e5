"""Saved views: one's own, of one organization, kept clean."""

import pytest

from dashboard.models import SavedView
from dashboard.saved_views import VIEWS_MAX, cleaned
from tests.dashboard.calls import browser, viewer
from tests.factories import make_caller

pytestmark = pytest.mark.django_db

VIEWS = "/dashboard/activity/views"


def test_a_view_is_kept_under_its_name_and_opened_again() -> None:
    caller = make_caller()
    client = browser(caller)
    answer = client.post(VIEWS, {"name": " Failed  calls ", "query": "status=error&range=24h"})
    assert answer["Location"] == "/dashboard/activity?range=24h&status=error"
    page = client.get(answer["Location"]).content.decode()
    assert "The view “Failed calls” is saved." in page
    assert 'href="/dashboard/activity?range=24h&amp;status=error" aria-current="page"' in page
    client.post(VIEWS, {"name": "Failed calls", "query": "status=crashed"})
    assert SavedView.objects.get(user=caller.user).query == "status=crashed"


def test_only_what_the_filter_knows_is_kept() -> None:
    assert cleaned("before=1&call=2&chart=calls&model=gpt%00&x=%3Cscript%3E&key=") == "model=gpt"
    assert cleaned("%ff=&model=a%26b") == "model=a%26b"
    assert cleaned("") == ""


@pytest.mark.parametrize("name", ["", "   ", "x" * 61, "a\x00b", "line\x1bbreak"])
def test_a_name_that_is_none_is_refused_in_words(name: str) -> None:
    caller = make_caller()
    client = browser(caller)
    page = client.post(VIEWS, {"name": name, "query": ""}, follow=True).content.decode()
    assert "A view needs a name" in page
    assert not SavedView.objects.filter(user=caller.user).exists()


def test_there_is_an_end_to_them() -> None:
    caller = make_caller()
    client = browser(caller)
    for number in range(VIEWS_MAX + 1):
        client.post(VIEWS, {"name": f"view {number}", "query": ""})
    assert SavedView.objects.filter(user=caller.user).count() == VIEWS_MAX
    client.post(VIEWS, {"name": "view 0", "query": "range=1h"})  # a change is none more
    assert SavedView.objects.get(user=caller.user, name="view 0").query == "range=1h"


def test_a_view_is_seen_and_deleted_by_its_owner_alone() -> None:
    alice, bob = make_caller(), make_caller()
    colleague = viewer(alice)
    browser(alice).post(VIEWS, {"name": "Mine alone", "query": ""})
    view = SavedView.objects.get(user=alice.user)
    address = f"{VIEWS}/{view.pk}/delete"
    for stranger in (browser(bob), colleague):
        assert "Mine alone" not in stranger.get("/dashboard/activity").content.decode()
        assert stranger.post(address).status_code == 404
    assert browser(alice).get(address).status_code == 405
    answer = browser(alice).post(address, {"query": "range=1h"})
    assert answer["Location"] == "/dashboard/activity?range=1h"
    assert not SavedView.objects.filter(pk=view.pk).exists()


def test_who_only_looks_keeps_views_too() -> None:
    caller = make_caller()
    watcher = viewer(caller)
    watcher.post(VIEWS, {"name": "Today", "query": "range=24h"})
    assert "Today" in watcher.get("/dashboard/activity").content.decode()
