"""The schedule of the jobs."""

from celery.beat import PersistentScheduler
from celery.schedules import crontab
from kombu.utils.imports import symbol_by_name

from cloudapi.celery import HOUR_S, app


def test_beat_keeps_no_file_that_could_end_it():
    """With a file it ends for good when the file is locked once, and dead workers' holds stay for ever."""
    assert not issubclass(symbol_by_name(app.conf.beat_scheduler), PersistentScheduler)


def test_what_runs_hourly_or_daily_survives_frequent_restarts():
    slow = [entry for entry in app.conf.beat_schedule.values() if entry["options"]["expires"] >= HOUR_S]
    assert slow
    assert all(isinstance(entry["schedule"], crontab) for entry in slow)
