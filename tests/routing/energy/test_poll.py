"""Asking feeds: what is stored, when they are asked again, and what a broken one does to others."""

from datetime import UTC, datetime, timedelta

import pytest

from routing.energy import poll
from routing.energy.models import Feed, GridNode, GridPrice

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 18, 12, 2, tzinfo=UTC)


@pytest.fixture
def replay() -> Feed:
    Feed.objects.all().update(active=False)
    feed, _ = Feed.objects.update_or_create(
        slug="replay",
        defaults={"name": "A week of our own", "simulated": True, "poll_s": 240, "active": True},
    )
    GridNode.objects.get_or_create(feed=feed, code="HB_NORTH")
    return feed


def test_a_feed_is_asked_when_its_time_has_come_and_not_before(replay: Feed):
    assert poll.poll_due(NOW) == 1
    assert GridPrice.objects.filter(node__feed=replay).count() == 47
    assert poll.poll_due(NOW + timedelta(seconds=239)) == 0
    assert poll.poll_due(NOW + timedelta(seconds=300)) == 1
    assert GridPrice.objects.filter(node__feed=replay).count() == 48
