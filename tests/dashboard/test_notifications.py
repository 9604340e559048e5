"""The notification settings, one-click unsubscribing, and Telegram over a server with its Bot API."""

import logging
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core import mail
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from accounts import telegram
from accounts.models import TelegramChat, TelegramStart, User
from accounts.tasks import read_telegram
from billing.models import BalanceWatch, Delivery, Medium, NoticeKind
from billing.notices import outbox, post
from tests.botapi import TOKEN, BotApi, running_bot_api
from tests.dashboard.calls import browser, viewer
from tests.factories import MICROS, Caller, make_caller

pytestmark = pytest.mark.django_db
PAGE = "/dashboard/notifications"
FACTS = {"balance_micros": 5 * MICROS, "threshold_micros": 10 * MICROS}


@pytest.fixture
def bot(settings: Any) -> Iterator[BotApi]:
    with running_bot_api() as api:
        settings.TELEGRAM_BOT_TOKEN, settings.TELEGRAM_BOT_NAME = TOKEN, "cloudapi_test_bot"
        settings.TELEGRAM_API_URL, settings.TELEGRAM_WEBHOOK = api.url, False
        yield api


def message(chat: int, text: str, number: int = 1) -> dict[str, Any]:
    return {
        "update_id": number,
        "message": {"message_id": 1, "chat": {"id": chat, "type": "private"}, "text": text},
    }


def link_of(caller: Caller) -> str:
    """The token of a new deep link, as the page shows it."""
    text = browser(caller).post(PAGE, {"do": "link"}).text
    found = re.search(r"https://t\.me/cloudapi_test_bot\?start=([\w-]+)", text)
    assert found is not None
    return found[1]


def told(caller: Caller, key: str = "1") -> None:
    outbox.tell(caller.organization.pk, NoticeKind.BALANCE, key, FACTS)


def call_webhook(update: dict[str, Any], path: str | None = None, secret: str | None = None) -> Any:
    header = telegram.webhook_secret() if secret is None else secret
    return Client(enforce_csrf_checks=True).post(
        f"/telegram/{path or telegram.webhook_path()}",
        update,
        content_type="application/json",
        headers={"X-Telegram-Bot-Api-Secret-Token": header},
    )


def test_what_is_chosen_is_kept_and_obeyed() -> None:
    caller = make_caller()
    client = browser(caller)
    assert 'name="balance-email" id="id_balance-email" checked' in client.get(PAGE).text
    client.post(PAGE, {"do": "choose", "language": "ru", "cap-email": "on"})
    told(caller)
    assert not Delivery.objects.filter(notice__org=caller.organization).exists()
    caller.user.refresh_from_db()
    assert caller.user.language == "ru"


def test_a_viewer_chooses_for_themselves_but_sets_no_threshold() -> None:
    caller = make_caller()
    client = viewer(caller)
    page = client.get(PAGE).text.partition("<main")[2].partition("</main>")[0]
    assert page.count("checked") == page.count('name="price-') == 2  # what one has asked for oneself
    client.post(PAGE, {"do": "choose", "language": "en", "balance-email": "on"})
    told(caller)
    assert Delivery.objects.filter(notice__org=caller.organization).count() == 2
    assert client.post(PAGE, {"do": "threshold", "threshold": "5"}).status_code == 403
    assert not BalanceWatch.objects.filter(org=caller.organization).exists()


def test_the_threshold_is_the_organizations_own() -> None:
    alice, bob = make_caller(balance_uzs=100), make_caller()
    client = browser(alice)
    client.post(PAGE, {"do": "threshold", "threshold": "2 500.5"})
    assert "2,500.50\u00a0UZS" in client.get(PAGE).text and 'value="2500.5"' in client.get(PAGE).text
    assert "10,000.00\u00a0UZS" in browser(bob).get(PAGE).text
    assert "errorlist" in client.post(PAGE, {"do": "threshold", "threshold": "-5"}).text
    client.post(PAGE, {"do": "threshold", "threshold": ""})
    assert BalanceWatch.objects.get(org=alice.organization).threshold_micros is None


def test_nonsense_does_nothing_and_nobody_gets_in_without_a_login() -> None:
    assert browser(make_caller()).post(PAGE, {"do": "everything"}).status_code == 404
    assert Client().get(PAGE).status_code == 302


def test_a_test_message_comes_by_every_way_once_a_minute(bot: BotApi) -> None:
    caller = make_caller()
    TelegramChat.objects.create(user=caller.user, chat_id=77)
    client = browser(caller)
    assert "on its way" in client.post(PAGE, {"do": "test"}, follow=True).text
    assert post.send_due() == 2
    assert [sent.subject for sent in mail.outbox] == ["Test message"]
    assert [chat for chat, _ in bot.sent()] == [77]
    Delivery.objects.filter(user=caller.user).update(outcome="sent")
    client.post(PAGE, {"do": "test"})
    assert Delivery.objects.filter(user=caller.user).count() in {2, 4}  # 4 if a minute has just ended


def test_one_click_ends_the_mails_of_one_kind() -> None:
    caller = make_caller()
    told(caller)
    post.send_due()
    (sent,) = mail.outbox
    path = urlsplit(sent.message()["List-Unsubscribe"].strip("<>")).path
    anybody = Client(enforce_csrf_checks=True)  # a mail program has neither session nor token
    assert "No more such e-mails?" in anybody.get(path).text
    told(caller, "2")
    assert Delivery.objects.filter(notice__org=caller.organization).count() == 2  # looking ends nothing
    assert anybody.post(path, {"List-Unsubscribe": "One-Click"}).status_code == 200
    told(caller, "3")
    assert Delivery.objects.filter(notice__org=caller.organization).count() == 2
    assert outbox.choices_of(caller.user) == {("balance", "email"): False}


@pytest.mark.parametrize("token", ["x", "WzEsImNhcCJd:1vMJk0:forged", "a:b:c"])
def test_a_forged_link_ends_nothing(token: str) -> None:
    assert Client().post(f"/unsubscribe/{token}").status_code == 404


def test_without_a_bot_there_is_no_telegram() -> None:
    caller = make_caller()
    assert "Not available on this site" in browser(caller).get(PAGE).text
    assert re.search('<input[^>]*name="balance-telegram"[^>]* disabled', browser(caller).get(PAGE).text)
    said = {"do": "choose", "language": "uz", "balance-telegram": "", "balance-email": "on"}
    browser(caller).post(PAGE, said)  # what can't be chosen stays as it was
    assert outbox.wants(outbox.choices_of(caller.user), NoticeKind.BALANCE, Medium.TELEGRAM, "owner")
    assert browser(caller).post(PAGE, {"do": "link"}).status_code == 404
    assert call_webhook(message(1, "/start")).status_code == 404
    read_telegram()


def test_a_chat_is_linked_once_by_its_link_and_hears_of_things_until_it_is_stopped(bot: BotApi) -> None:
    caller = make_caller()
    token = link_of(caller)
    assert token not in browser(caller).get(PAGE).text
    answer = call_webhook(message(77, f"/start {token}")).json()
    assert (answer["method"], answer["chat_id"]) == ("sendMessage", 77)
    assert caller.user.email in answer["text"]
    assert "Linked since" in browser(caller).get(PAGE).text
    assert "used or too old" in call_webhook(message(78, f"/start {token}")).json()["text"]
    told(caller)
    post.send_due()
    ((chat, text),) = bot.sent()
    assert chat == 77 and "Your balance is low: 5.00\u00a0UZS" in text and "/dashboard/billing" in text
    assert "No more messages" in call_webhook(message(77, "/stop")).json()["text"]
    assert not TelegramChat.objects.filter(user=caller.user).exists()


def test_a_link_that_is_too_old_or_unlinked_links_nobody(bot: BotApi) -> None:
    caller = make_caller()
    old, unlinked = link_of(caller), ""
    TelegramStart.objects.filter(user=caller.user).update(expires_at=timezone.now() - timedelta(seconds=1))
    call_webhook(message(77, f"/start {old}"))
    unlinked = link_of(caller)
    browser(caller).post(PAGE, {"do": "unlink"})
    call_webhook(message(77, f"/start {unlinked}"))
    assert not TelegramChat.objects.filter(user=caller.user).exists()


def test_only_telegram_is_heard(bot: BotApi) -> None:
    caller = make_caller()
    update = message(77, f"/start {link_of(caller)}")
    for path, secret in (("x", None), (None, "x"), (None, ""), ("é", None)):
        assert call_webhook(update, path, secret).status_code == 404
    assert not TelegramChat.objects.filter(user=caller.user).exists()
    for odd in ({}, {"message": 5}, {"message": {"chat": {"id": 7, "type": "group"}, "text": "/stop"}}):
        assert call_webhook(odd).status_code == 200
    raw = Client().post(
        f"/telegram/{telegram.webhook_path()}",
        b"not json",
        content_type="application/json",
        headers={"X-Telegram-Bot-Api-Secret-Token": telegram.webhook_secret()},
    )
    assert raw.status_code == 400


def test_where_telegram_cannot_reach_us_a_job_asks_it(bot: BotApi) -> None:
    caller = make_caller()
    bot.updates = [message(77, f"/start {link_of(caller)}", 41), message(99, "hello", 42)]
    read_telegram()
    assert TelegramChat.objects.get(user=caller.user).chat_id == 77
    assert [chat for chat, _ in bot.sent()] == [77, 99]
    assert bot.updates == []  # counted as read
    bot.broken = True
    read_telegram()


def test_a_chat_that_has_blocked_the_bot_is_forgotten(bot: BotApi) -> None:
    caller = make_caller()
    TelegramChat.objects.create(user=caller.user, chat_id=77)
    bot.blocked.add(77)
    told(caller)
    post.send_due()
    outcomes = Delivery.objects.filter(user=caller.user).values_list("channel", "outcome")
    assert dict(outcomes) == {"email": "sent", "telegram": "refused"}
    assert not TelegramChat.objects.filter(user=caller.user).exists()


def test_a_broken_telegram_is_tried_again_and_the_token_stays_secret(
    bot: BotApi, caplog: pytest.LogCaptureFixture
) -> None:
    caller = make_caller()
    TelegramChat.objects.create(user=caller.user, chat_id=77)
    bot.broken = True
    told(caller)
    with caplog.at_level(logging.DEBUG):
        post.send_due()
        with pytest.raises(telegram.TelegramError) as failure:
            telegram.send(77, "hello")
    assert TOKEN not in caplog.text + str(failure.value) + repr(failure.value.__context__)
    waiting = Delivery.objects.get(user=caller.user, channel="telegram")
    assert (waiting.outcome, waiting.tries) == ("waiting", 1)
    bot.broken = False
    Delivery.objects.filter(pk=waiting.pk).update(due_at=timezone.now())
    assert post.send_due() == 1


def test_the_webhook_is_registered_with_its_secret(bot: BotApi, settings: Any) -> None:
    call_command("telegram_webhook", verbosity=0)
    ((method, said),) = bot.asked
    assert method == "setWebhook"
    assert said["url"] == f"{settings.SITE_URL}/telegram/{telegram.webhook_path()}"
    assert said["secret_token"] == telegram.webhook_secret() != telegram.webhook_path()


def test_a_message_is_in_the_readers_language(bot: BotApi) -> None:
    caller = make_caller()
    User.objects.filter(pk=caller.user.pk).update(language="uz")
    TelegramChat.objects.create(user=caller.user, chat_id=77)
    told(caller)
    post.send_due()
    assert "Balansingiz kam qoldi" in bot.sent()[0][1]
