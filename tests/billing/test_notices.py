"""What customers are told: once each, whoever wants it, in their language, by mail and chat."""

from datetime import timedelta
from email.message import Message
from typing import Any
from uuid import uuid4

import pytest
from django.core import mail
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import Membership, Role, TelegramChat, User
from billing.caps import Scope, set_cap
from billing.models import Delivery, Medium, Notice, NoticeKind, TopUp
from billing.notices import outbox, post, watch
from billing.topups import approve, reject
from tests.billing.books import set_clock
from tests.factories import MICROS, Caller, credit, make_caller, rows
from tests.processes import until
from tests.transfers import arrived

pytestmark = pytest.mark.django_db
UZS = MICROS


def use_cap(caller: Caller, uzs: int) -> None:
    """As if calls of today had cost so much."""
    rows(
        "SELECT cap_add(billing_today(), ARRAY[%s::bigint], ARRAY[%s::bigint], '{false}', ARRAY[%s::bigint],"
        " '{0}')",
        caller.project.pk,
        caller.api_key.pk,
        uzs * UZS,
    )


def spend(caller: Caller, uzs: int) -> None:
    """The same, and it was paid out of the wallet."""
    use_cap(caller, uzs)
    watch.look_at({caller.organization.pk: uzs * UZS})


def take(caller: Caller, uzs: int) -> int:
    """So much of the wallet is gone, and the job looks."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE wallet SET paid_micros = paid_micros - %s WHERE org_id = %s",
            [uzs * UZS, caller.organization.pk],
        )
    return watch.look_at({caller.organization.pk: uzs * UZS})


def told(caller: Caller, kind: NoticeKind) -> list[dict[str, Any]]:
    """The facts of what was sent on its way, oldest first."""
    found = Notice.objects.filter(org=caller.organization, kind=kind, deliveries__isnull=False)
    return [notice.facts for notice in found.distinct().order_by("pk")]


def shares(caller: Caller) -> list[int]:
    return [facts["share"] for facts in told(caller, NoticeKind.CAP)]


def join(caller: Caller, role: Role, **fields: Any) -> User:
    user = User.objects.create(email=f"{uuid4().hex}@test.invalid", password="!", **fields)
    Membership.objects.create(organization=caller.organization, user=user, role=role)
    return user


def receivers(caller: Caller) -> set[tuple[str, str]]:
    found = Delivery.objects.filter(notice__org=caller.organization)
    return set(found.values_list("user__email", "channel"))


def only_mail() -> Message:
    (sent,) = mail.outbox
    return sent.message()


def test_a_cap_whose_rest_is_too_small_for_a_call_is_used_up() -> None:
    caller = make_caller(balance_uzs=100_000, caps={"project_day": 1000 * UZS, "key_lifetime": 100_000 * UZS})
    whose = (caller.organization.pk, caller.project.pk, caller.api_key.pk)
    spend(caller, 700)
    assert watch.look_at_refused(*whose) == 0  # a dear call
    spend(caller, 290)
    assert watch.look_at_refused(*whose) == 1
    assert watch.look_at_refused(*whose) == 0
    spend(caller, 10)
    assert shares(caller) == [50, 80, 100]


def test_each_threshold_of_a_cap_is_told_once_a_window() -> None:
    caller = make_caller(balance_uzs=100_000, caps={"project_day": 1000 * UZS})
    for step in (499, 1, 100, 199, 1, 300):  # 49.9 %, 50 %, 60 %, 79.9 %, 80 %, 110 %
        spend(caller, step)
        spend(caller, 0)
    assert shares(caller) == [50, 80, 100]


def test_a_leap_is_one_message_and_what_it_passed_is_not_told_later() -> None:
    caller = make_caller(balance_uzs=100_000, caps={"key_month": 1000 * UZS})
    spend(caller, 850)
    spend(caller, 1)
    assert shares(caller) == [80]
    assert Notice.objects.filter(org=caller.organization, kind=NoticeKind.CAP).count() == 2


def test_a_new_day_begins_anew_and_a_month_goes_on() -> None:
    caller = make_caller(caps={"project_day": 1000 * UZS, "project_month": 1000 * UZS})
    try:
        set_clock("2026-11-21T18:59:00Z")  # a minute before midnight in Tashkent
        spend(caller, 600)
        set_clock("2026-11-21T19:01:00Z")
        spend(caller, 0)
        assert sorted(facts["scope"] for facts in told(caller, NoticeKind.CAP)) == [
            "project_day",
            "project_month",
        ]
        spend(caller, 600)
    finally:
        set_clock(None)
    assert sorted(shares(caller)) == [50, 50, 50, 100]


def test_a_raised_cap_is_told_of_again() -> None:
    caller = make_caller(caps={"project_day": 1000 * UZS})
    spend(caller, 1000)
    set_cap(Scope.PROJECT_DAY, caller.project.pk, 4000 * UZS)
    spend(caller, 0)
    spend(caller, 1000)
    assert shares(caller) == [100, 50]


def test_no_cap_no_message_and_a_cap_of_zero_none_either() -> None:
    caller = make_caller(caps={"project_day": 0})
    spend(caller, 1000)
    assert shares(caller) == []


def test_a_low_balance_is_told_once_until_it_has_risen_again() -> None:
    caller = make_caller(balance_uzs=50_000)
    assert [take(caller, 39_000), take(caller, 2_000), take(caller, 3_000)] == [0, 1, 0]
    credit(caller, paid_micros=1_000 * UZS)
    assert take(caller, 100) == 0  # risen, but not above
    credit(caller, paid_micros=20_000 * UZS)
    assert [take(caller, 0), take(caller, 20_000), take(caller, 1)] == [0, 1, 0]
    assert [facts["threshold_micros"] for facts in told(caller, NoticeKind.BALANCE)] == [10_000 * UZS] * 2


def test_a_balance_that_falls_between_two_looks_is_told() -> None:
    caller = make_caller(balance_uzs=50_000)
    assert take(caller, 45_000) == 1


def test_a_balance_that_was_never_high_is_no_news() -> None:
    caller = make_caller(bonus_uzs=5_000)
    assert watch.look_at({caller.organization.pk: 0}) == 0


def test_a_threshold_of_ones_own_counts_from_the_balance_of_then() -> None:
    caller = make_caller(balance_uzs=50_000)
    watch.set_threshold(caller.organization.pk, 60_000 * UZS)
    assert take(caller, 1_000) == 0  # it was under it when it was set
    watch.set_threshold(caller.organization.pk, 40_000 * UZS)
    assert take(caller, 10_000) == 1
    watch.set_threshold(caller.organization.pk, 0)
    assert take(caller, 39_000) == 0


def filed(caller: Caller, user: User | None = None) -> TopUp:
    return TopUp.objects.create(
        org=caller.organization,
        requested_by=user or caller.user,
        amount_micros=250_000 * UZS,
        reference=f"Order {uuid4().hex[:6]}",
    )


def test_a_decided_top_up_is_told_at_once_and_to_who_asked_for_it() -> None:
    caller, operator = make_caller(), make_caller().user
    developer = join(caller, Role.DEVELOPER)
    join(caller, Role.VIEWER)
    topup = filed(caller, developer)
    approve(topup.pk, operator, arrived(topup).pk)
    reject(filed(caller).pk, operator, "no such transfer")
    assert [facts["state"] for facts in told(caller, NoticeKind.TOPUP)] == ["paid", "rejected"]
    assert receivers(caller) == {(caller.user.email, "email"), (developer.email, "email")}
    assert watch.look_at_topups() == 0


def test_a_top_up_that_a_job_or_a_provider_ended_is_found() -> None:
    caller = make_caller()
    topup = filed(caller)
    TopUp.objects.filter(pk=topup.pk).update(state="expired", decided_at=timezone.now())
    assert (watch.look_at_topups(), watch.look_at_topups()) == (1, 0)
    other = filed(caller)
    TopUp.objects.filter(pk=other.pk).update(state="cancelled", decided_at=timezone.now())
    assert watch.look_at_topups() == 0  # the customer did it


def test_who_is_told_is_who_answers_for_the_money_or_wants_to() -> None:
    caller = make_caller()
    admin, developer, viewer = (join(caller, role) for role in (Role.ADMIN, Role.DEVELOPER, Role.VIEWER))
    gone = join(caller, Role.ADMIN, is_active=False)
    for user in (admin, viewer):
        TelegramChat.objects.create(user=user, chat_id=user.pk)
    outbox.choose(viewer, NoticeKind.BALANCE, Medium.TELEGRAM, wanted=True)
    outbox.choose(developer, NoticeKind.TOPUP, Medium.EMAIL, wanted=True)
    outbox.choose(caller.user, NoticeKind.BALANCE, Medium.EMAIL, wanted=False)
    facts = {"balance_micros": 1, "threshold_micros": 2}
    assert outbox.tell(caller.organization.pk, NoticeKind.BALANCE, "1", facts)
    assert not outbox.tell(caller.organization.pk, NoticeKind.BALANCE, "1", facts)
    assert receivers(caller) == {
        (admin.email, "email"),
        (admin.email, "telegram"),
        (viewer.email, "telegram"),
    }
    assert gone.email not in {email for email, _ in receivers(caller)}


@pytest.mark.parametrize(
    ("language", "subject", "greeting"),
    [
        ("en", "Daily cap of project “Default”: 80% used", "Hello,"),
        ("uz", "“Default” loyihasining kunlik chegarasi: 80 % ishlatildi", "Assalomu alaykum,"),
        ("ru", "Дневной предел проекта «Default»: израсходовано 80 %", "Здравствуйте,"),
    ],
)
def test_a_mail_is_in_its_readers_language_as_text_and_as_html(
    language: str, subject: str, greeting: str
) -> None:
    caller = make_caller(caps={"project_day": 1000 * UZS})
    User.objects.filter(pk=caller.user.pk).update(language=language)
    spend(caller, 850)
    assert post.send_due() == 1
    (sent,) = mail.outbox
    assert (sent.subject, sent.to) == (subject, [caller.user.email])
    assert greeting in sent.body and "/dashboard/budgets" in sent.body
    html, kind = sent.alternatives[0]
    assert kind == "text/html" and subject.replace("“", "“") in html and f'lang="{language}"' in html
    assert "850" in sent.body and "850" in html


def test_a_name_of_a_project_is_text_in_html() -> None:
    caller = make_caller(caps={"project_day": 1000 * UZS})
    caller.project.name = "<b>& bold</b>"
    caller.project.save()
    spend(caller, 500)
    post.send_due()
    (sent,) = mail.outbox
    assert "<b>& bold</b>" in sent.body
    assert "&lt;b&gt;&amp; bold" in sent.alternatives[0][0]


def test_a_mail_says_how_to_end_it_with_one_click_and_is_known_if_it_comes_twice() -> None:
    caller = make_caller(caps={"project_day": 1000 * UZS})
    spend(caller, 500)
    post.send_due()
    headers = only_mail()
    delivery = Delivery.objects.get(notice__org=caller.organization)
    assert headers["Message-ID"] == f"<notice-{delivery.pk}@127.0.0.1>"
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert headers["List-Unsubscribe"] == f"<{post.unsubscribe_url(caller.user.pk, 'cap')}>"


def test_what_fails_is_tried_again_later_and_given_up_at_last(settings: Any) -> None:
    caller = make_caller(caps={"project_day": 1000 * UZS})
    spend(caller, 500)
    working = settings.MAILERS
    settings.MAILERS = {
        "default": {
            "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
            "OPTIONS": {"host": "127.0.0.1", "port": 1, "timeout": 1},
        }
    }
    delivery = Delivery.objects.get(notice__org=caller.organization)
    for tries in range(1, post.TRIES_MAX + 1):
        assert post.send_due() == 0
        delivery.refresh_from_db()
        assert delivery.tries == tries
        Delivery.objects.filter(pk=delivery.pk).update(due_at=timezone.now())
    assert delivery.outcome == "given_up"
    settings.MAILERS = working
    assert post.send_due() == 0
    Delivery.objects.filter(pk=delivery.pk).update(outcome="waiting")
    assert post.send_due() == 1


def test_pauses_grow_to_six_hours() -> None:
    pauses = [post.pause(tries) for tries in (1, 2, 3, 9, 14)]
    minute = timedelta(minutes=1)
    assert pauses == [minute, 2 * minute, 4 * minute, 256 * minute, timedelta(hours=6)]


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_send_each_message_once_and_what_one_has_taken_is_not_the_others() -> None:
    caller = make_caller(caps={"project_day": 1000 * UZS})
    spend(caller, 500)
    first, second = post._take(), None
    try:
        assert first is not None
        second = post._take()
        assert second is None or second.pk != first.pk
    finally:  # the ledger's laws are checked over what all tests leave behind
        use_cap(caller, -500)
        Delivery.objects.filter(notice__org=caller.organization).update(outcome="refused")


@pytest.mark.django_db(transaction=True)
def test_the_job_looks_at_what_moved_since_it_looked_last_and_misses_nothing() -> None:
    watch.look()
    caller = make_caller(caps={"project_day": 1000 * UZS})
    use_cap(caller, 500)
    try:
        watch.look()
        assert shares(caller) == []  # no wallet has moved
        with transaction.atomic():
            credit(caller, paid_micros=20_000 * UZS)
        # A look stops before the oldest transaction of the whole server that is still open, and another
        # worker's test may hold one for long. What is left is the next look's.
        until(lambda: watch.look() and shares(caller), "the look that comes to the credit", patience_s=120)
        assert shares(caller) == [50]
    finally:
        use_cap(caller, -500)
        Delivery.objects.filter(notice__org=caller.organization).update(outcome="refused")
