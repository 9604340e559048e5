"""The Celery application and its schedule, in code: what runs when is a matter of review, not of a table.

Queue `money` has a process of its own, so that nothing slow ever delays the sweeper. A task that waited
longer than its `expires` is dropped: the next one does the same work.

Beat keeps no file: with one it ends for good when the file can't be written for a moment, and the sweeper
with it. What runs by the hour or day has a time of day, not an interval that a restart would begin anew.
"""

import os
from typing import Any

from celery import Celery
from celery.schedules import crontab
from celery.signals import worker_ready

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cloudapi.settings")

app = Celery("cloudapi")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86_400


def _every(task: str, schedule: float | crontab, *, queue: str, expires_s: float) -> dict[str, Any]:
    return {"task": task, "schedule": schedule, "options": {"queue": queue, "expires": expires_s}}


app.conf.beat_scheduler = "celery.beat:Scheduler"
app.conf.beat_schedule = {
    "sweeper": _every("billing.tasks.sweep", 2.0, queue="money", expires_s=2),
    "invariants": _every("billing.tasks.check_invariants", MINUTE_S, queue="money", expires_s=MINUTE_S),
    "checkpoints": _every(
        "billing.tasks.advance_checkpoints", crontab(minute="5"), queue="money", expires_s=HOUR_S
    ),
    "finance": _every("billing.tasks.advance_finance", 5 * MINUTE_S, queue="money", expires_s=5 * MINUTE_S),
    "provider costs": _every("proxy.tasks.post_costs", crontab(minute="15"), queue="money", expires_s=HOUR_S),
    "old months": _every(
        "billing.tasks.drop_months", crontab(hour="3", minute="30"), queue="default", expires_s=DAY_S
    ),
    "usage": _every("proxy.tasks.advance_usage", MINUTE_S, queue="default", expires_s=MINUTE_S),
    "quality": _every("proxy.tasks.refresh_quality", MINUTE_S, queue="default", expires_s=MINUTE_S),
    "old usage": _every("proxy.tasks.forget_usage", crontab(minute="50"), queue="default", expires_s=HOUR_S),
    "built-in": _every("billing.tasks.fund_builtin", MINUTE_S, queue="money", expires_s=MINUTE_S),
    "videos": _every("proxy.tasks.poll_videos", 5.0, queue="default", expires_s=5),
    "probes": _every("proxy.tasks.probe_endpoints", MINUTE_S, queue="default", expires_s=MINUTE_S),
    "content": _every("proxy.tasks.forget_content", 10 * MINUTE_S, queue="default", expires_s=10 * MINUTE_S),
    "films": _every("proxy.tasks.clear_videos", crontab(minute="25"), queue="default", expires_s=HOUR_S),
    "catalog sync": _every(
        "routing.tasks.sync_catalog", crontab(minute="40"), queue="default", expires_s=HOUR_S
    ),
    "feeds": _every("routing.tasks.poll_feeds", MINUTE_S, queue="default", expires_s=MINUTE_S),
    # A minute after the five minutes begin, when the markets have been asked.
    "energy prices": _every(
        "routing.tasks.price_energy", crontab(minute="1-59/5"), queue="default", expires_s=5 * MINUTE_S
    ),
    "energy's past": _every(
        "routing.tasks.keep_energy", crontab(hour="3", minute="40"), queue="default", expires_s=DAY_S
    ),
    "load of sites": _every("proxy.tasks.read_loads", 5.0, queue="default", expires_s=5),
    "credentials": _every("proxy.tasks.keep_credentials", 10.0, queue="default", expires_s=10),
    "alerts": _every("accounts.tasks.send_alerts", 30.0, queue="default", expires_s=30),
    "old alerts": _every(
        "accounts.tasks.forget_alerts", crontab(hour="3", minute="20"), queue="default", expires_s=DAY_S
    ),
    "invitations": _every(
        "accounts.tasks.forget_invitations", crontab(hour="3", minute="25"), queue="default", expires_s=DAY_S
    ),
    "studio tokens": _every(
        "accounts.tasks.sweep_studio_tokens", 5 * MINUTE_S, queue="default", expires_s=5 * MINUTE_S
    ),
    # The bank publishes in the afternoon for its next business day.
    "rate": _every(
        "billing.tasks.fetch_rate", crontab(hour="0", minute="15"), queue="default", expires_s=HOUR_S
    ),
    "rate by day": _every(
        "billing.tasks.fetch_rate", crontab(hour="9,17", minute="0"), queue="default", expires_s=HOUR_S
    ),
    "second rate": _every(
        "billing.tasks.check_second_rate", crontab(hour="17", minute="20"), queue="default", expires_s=HOUR_S
    ),
    "rate's age": _every("billing.tasks.check_rate", crontab(minute="35"), queue="default", expires_s=HOUR_S),
    "notices": _every("billing.tasks.find_notices", MINUTE_S, queue="default", expires_s=MINUTE_S),
    "price alerts": _every("dashboard.tasks.look_at_prices", MINUTE_S, queue="default", expires_s=MINUTE_S),
    "archives": _every(
        "dashboard.tasks.keep_exports", crontab(minute="*/10"), queue="default", expires_s=10 * MINUTE_S
    ),
    "refusals": _every("proxy.tasks.tell_of_refusals", MINUTE_S, queue="default", expires_s=MINUTE_S),
    "deliveries": _every("billing.tasks.send_notices", MINUTE_S, queue="default", expires_s=MINUTE_S),
    "old notices": _every(
        "billing.tasks.forget_notices", crontab(hour="4", minute="20"), queue="default", expires_s=DAY_S
    ),
    "telegram": _every("accounts.tasks.read_telegram", 10.0, queue="default", expires_s=10),
    "payments": _every("billing.tasks.expire_payments", 5 * MINUTE_S, queue="money", expires_s=5 * MINUTE_S),
    "click's books": _every(
        "billing.tasks.reconcile_click", crontab(hour="4", minute="40"), queue="default", expires_s=DAY_S
    ),
    "statements": _every(
        "billing.tasks.check_statements", crontab(hour="10", minute="0"), queue="default", expires_s=DAY_S
    ),
    "click's receipts": _every(
        "billing.tasks.fetch_click_receipts", 10 * MINUTE_S, queue="default", expires_s=10 * MINUTE_S
    ),
    "receipts": _every(
        "billing.tasks.remove_receipts", crontab(hour="4", minute="50"), queue="default", expires_s=DAY_S
    ),
    "partitions": _every(
        "billing.tasks.ensure_partitions", crontab(hour="3", minute="10"), queue="money", expires_s=DAY_S
    ),
}


def at_start(**_: Any) -> None:
    """A new installation needs a rate before its first round of the clock."""
    app.send_task("billing.tasks.fetch_rate", queue="default", expires=HOUR_S)


worker_ready.connect(at_start)
