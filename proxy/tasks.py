"""Jobs over the request log, and over videos under way."""

import logging
from pathlib import Path

from celery import shared_task
from django.conf import settings
from django.db import connection
from redis.exceptions import RedisError

from billing.ids import new_op_id
from billing.notices.watch import look_at_refused
from proxy import custody, probing, quality, site_load
from proxy.contents import retention
from proxy.video import films, jobs
from proxy.video.ending import KEPT_S
from routing.models import Provider

log = logging.getLogger(__name__)

# Counters come from the gateways every few seconds; a run that was missed is made up for by the next.
_REFUSED = """
SELECT DISTINCT p.organization_id, p.id, k.id FROM proxy_refusal r
  JOIN accounts_apikey k ON k.id = r.key_id JOIN accounts_project p ON p.id = k.project_id
 WHERE r.code = 'budget_exceeded' AND r.minute >= now() - interval '5 minutes'
"""
_SUMMARIZE = """
SELECT brin_summarize_new_values(c.oid) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
 WHERE i.inhparent = 'proxy_request_xact'::regclass
"""
POLL_ROUNDS = 25  # the next run goes on


@shared_task(expires=3600)
def post_costs() -> int:
    """Posts what the providers will bill us since the last run, a transfer each; how many there were."""
    providers = Provider.objects.count()
    with connection.cursor() as cursor:
        cursor.execute("SELECT post_costs(%s)", [[new_op_id() for _ in range(providers + 1)]])
        return int(cursor.fetchone()[0])


@shared_task
def advance_usage() -> None:
    """Each minute: the roll-ups take in what was committed since.

    New pages enter the index by which that is found: without it each run and each tail reads them all.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT advance_usage()")
        cursor.execute(_SUMMARIZE)


@shared_task
def refresh_quality() -> None:
    """Each minute: how models and endpoints have done, for /v1/status and for the choice of endpoints."""
    try:
        quality.refresh()
    except RedisError as error:
        log.warning("quality: %s", type(error).__name__)


@shared_task
def forget_usage() -> None:
    """Hourly: minutes after 2 days and hours after 90 leave the roll-ups."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT forget_usage()")


@shared_task
def tell_of_refusals() -> int:
    """Each minute: customers whose calls a cap has refused lately are told so; how many caps."""
    with connection.cursor() as cursor:
        cursor.execute(_REFUSED)
        refused = cursor.fetchall()
    return sum(look_at_refused(*one) for one in refused)


@shared_task
def poll_videos() -> None:
    """Every 5 s: asks providers after their videos, charges what is done, gives up what nobody knows of."""
    for _ in range(POLL_ROUNDS):
        if jobs.poll_due() < jobs.BATCH:
            break
    given_up = jobs.give_up()
    if given_up:
        log.warning("%d videos were given up; their holds are released", given_up)


@shared_task(time_limit=15)
def read_loads() -> None:
    """Each 5 s: how long one waits at our sites, by their inference servers. Redis tells gateways."""
    try:
        site_load.read_loads()
    except RedisError as error:
        log.warning("load of sites: %s", type(error).__name__)


@shared_task
def keep_credentials() -> None:
    """Each 10 s: credentials that providers have refused, or take again, written down for good."""
    try:
        disabled, enabled = custody.keep()
    except RedisError as error:
        log.warning("custody: %s", type(error).__name__)
        return
    if disabled or enabled:
        log.warning("credentials disabled: %d, taken again: %d", disabled, enabled)


@shared_task
def forget_content() -> None:
    """Every 10 minutes: content that its projects keep no longer."""
    removed = retention.remove_old()
    if removed:
        log.info("content of %d calls is removed", removed)


@shared_task
def clear_videos() -> None:
    """Hourly: films that nobody fetched in a day."""
    cleared = films.clear(Path(settings.VIDEO_DIR), KEPT_S)
    if cleared:
        log.info("%d films removed", cleared)


@shared_task
def probe_endpoints() -> None:
    """Each minute: a tiny real call to endpoints that nobody has called lately, or whose rest is over."""
    probed = probing.run()
    if probed:
        log.info("%d endpoints probed", probed)
