"""What was just done is taken back by the button of the message that tells of it."""

import pytest

from accounts.models import Project
from dashboard.models import SavedView
from tests.dashboard.calls import browser
from tests.dashboard.undoing import undone
from tests.factories import make_caller

pytestmark = pytest.mark.django_db


def test_an_archived_project_comes_back() -> None:
    caller = make_caller()
    shop = Project.objects.create(organization=caller.organization, name="Shop <b>")
    client = browser(caller)
    page = client.post(f"/dashboard/projects/{shop.api_id}/archive", follow=True).content.decode()
    assert "Shop &lt;b&gt;" in page and "Shop <b>" not in page
    shop.refresh_from_db()
    assert shop.archived_at is not None
    assert "works again" in undone(client, page)
    shop.refresh_from_db()
    assert shop.archived_at is None


def test_a_deleted_view_comes_back_with_its_filter() -> None:
    caller = make_caller()
    client = browser(caller)
    client.post("/dashboard/activity/views", {"name": "Failed", "query": "status=error"})
    view = SavedView.objects.get(user=caller.user)
    page = client.post(f"/dashboard/activity/views/{view.pk}/delete", follow=True).content.decode()
    assert not SavedView.objects.filter(user=caller.user).exists()
    undone(client, page)
    assert SavedView.objects.get(user=caller.user).query == "status=error"
