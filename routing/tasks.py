"""The catalog's jobs."""

import logging

from celery import shared_task
from django.conf import settings

from routing.energy import retention
from routing.energy.markets import Feed
from routing.energy.poll import poll_due, poll_now
from routing.energy.tick import tick
from routing.sync import daily

log = logging.getLogger(__name__)


@shared_task
def sync_catalog() -> None:
    """Each hour: a job for every provider whose list wasn't read yet today."""
    for provider in daily.due() if settings.CATALOG_SYNC else []:
        sync_provider.apply_async((provider.pk,), expires=3000)


@shared_task(time_limit=300)
def sync_provider(provider: int) -> None:
    """Reads one provider's list; twice at once does no harm."""
    daily.sync(provider)


@shared_task(time_limit=60)
def poll_feeds() -> None:
    """Each minute: asks the markets whose time has come. Whoever runs it twice asks nobody twice."""
    poll_due()


@shared_task(time_limit=60)
def poll_feed(feed: int) -> None:
    """Asks one market at once, as an operator wished."""
    poll_now(Feed.objects.get(pk=feed))


@shared_task(time_limit=120)
def price_energy() -> None:
    """Every 5 minutes, when the markets have been asked: what hosted models cost. Twice does no harm."""
    tick()


@shared_task
def keep_energy() -> None:
    """Daily: hours for good out of the points of markets, and what is older than 90 days goes."""
    retention.keep()
