"""Operators are told once an hour of each trouble, whoever finds it how often, and until a mail went out."""

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

from accounts import alerts
from accounts.models import Alert

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _operators(settings: Any) -> None:
    settings.ALERT_EMAILS = ["ops@test.invalid"]


def raised(key: str = "credential:1") -> bool:
    return alerts.alert(Alert.Kind.CREDENTIAL, "alpha refuses\n us", "The credential main is refused.", key)


def test_one_mail_for_each_trouble_and_hour() -> None:
    assert [raised(), raised(), raised("credential:2")] == [True, False, True]
    assert (alerts.send_due(), alerts.send_due()) == (2, 0)
    assert [message.to for message in mail.outbox] == [["ops@test.invalid"]] * 2
    assert mail.outbox[0].subject == "[CloudAPI] alpha refuses us"
    assert "main is refused" in mail.outbox[0].body


def test_the_next_hour_tells_again() -> None:
    assert raised()
    Alert.objects.update(hour=timezone.now() - timedelta(hours=2))
    assert raised()


def test_a_mail_that_fails_goes_out_later(settings: Any) -> None:
    raised()
    working = settings.MAILERS
    settings.MAILERS = {
        "default": {
            "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
            "OPTIONS": {"host": "127.0.0.1", "port": 1, "timeout": 1},
        }
    }
    assert alerts.send_due() == 0
    settings.MAILERS = working
    assert alerts.send_due() == 1


def test_nobody_to_tell_keeps_the_alert(settings: Any) -> None:
    settings.ALERT_EMAILS = []
    raised()
    assert alerts.send_due() == 0
    settings.ADMINS = ["admin@test.invalid"]
    assert alerts.send_due() == 1
    assert mail.outbox[0].to == ["admin@test.invalid"]


def test_old_alerts_go() -> None:
    raised()
    assert alerts.forget_old() == 0
    Alert.objects.update(created_at=timezone.now() - timedelta(days=91))
    assert alerts.forget_old() == 1
