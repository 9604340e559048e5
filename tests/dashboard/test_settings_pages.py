"""A person's settings: the profile, the list beside each page, and the browsers that are signed in."""

from datetime import UTC, datetime, timedelta

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.conf import settings as django_settings
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from accounts.browsers import names
from accounts.models import SignIn, StudioToken, User
from tests.dashboard.calls import browser, log_call
from tests.factories import Caller, make_caller

pytestmark = pytest.mark.django_db

SECRET = "JBSWY3DPEHPK3PXP"

PASSWORD = "Registan-1420-Ulugbek"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Safari/604.1"
)


@pytest.fixture(autouse=True)
def _fresh_cache() -> None:
    """A session key of another test's rolled back transaction is seen anew."""
    cache.clear()


def signed_in(caller: Caller, agent: str = FIREFOX) -> Client:
    """Another browser of the caller's."""
    client = Client(headers={"user-agent": agent})
    client.force_login(caller.user)
    client.get("/dashboard/account")
    return client


def test_a_profile_is_kept_and_the_next_page_speaks_its_language() -> None:
    caller = make_caller()
    client = browser(caller)
    said = {"name": "Alisher Navoiy", "language": "uz", "clock": "12"}
    page = client.post("/dashboard/account", said, follow=True).content.decode()
    assert "Profilingiz saqlandi." in page and 'lang="uz"' in page
    caller.user.refresh_from_db()
    assert (caller.user.name, caller.user.language, caller.user.clock) == ("Alisher Navoiy", "uz", "12")
    assert client.cookies[django_settings.LANGUAGE_COOKIE_NAME].value == "uz"


@pytest.mark.parametrize(("field", "value"), [("language", "tr"), ("clock", "13"), ("name", "x" * 151)])
def test_a_mistake_in_the_profile_keeps_nothing(field: str, value: str) -> None:
    caller = make_caller()
    said = {"name": "A", "language": "uz", "clock": "12"} | {field: value}
    assert "errorlist" in browser(caller).post("/dashboard/account", said).content.decode()
    assert User.objects.get(pk=caller.user.pk).clock == "24"


def test_times_are_read_as_the_person_reads_them() -> None:
    caller = make_caller()
    call = log_call(caller, at=datetime(2026, 11, 20, 16, 5, tzinfo=UTC).isoformat())
    address = f"/dashboard/activity/{call}"
    assert "20 Nov 2026, 21:05" in browser(caller).get(address).content.decode()
    User.objects.filter(pk=caller.user.pk).update(clock="12")
    assert "20 Nov 2026, 9:05 PM" in browser(caller).get(address).content.decode()


def test_signing_in_on_a_new_device_brings_ones_language_along() -> None:
    caller = make_caller()
    caller.user.set_password(PASSWORD)
    caller.user.language = "ru"
    caller.user.save()
    caller.user.emailaddress_set.create(email=caller.user.email, primary=True, verified=True)
    said = {"login": caller.user.email, "password": PASSWORD}
    new = Client()
    new.post("/accounts/login/", said)
    assert new.cookies[django_settings.LANGUAGE_COOKIE_NAME].value == "ru"
    chosen = Client()
    chosen.cookies[django_settings.LANGUAGE_COOKIE_NAME] = "uz"
    chosen.post("/accounts/login/", said)
    assert chosen.cookies[django_settings.LANGUAGE_COOKIE_NAME].value == "uz"


@pytest.mark.parametrize(
    "address",
    [
        "/dashboard/account",
        "/accounts/email/",
        "/accounts/2fa/",
        "/dashboard/account/sessions",
        "/dashboard/notifications",
        "/dashboard/account/data",
    ],
)
def test_each_page_of_settings_marks_itself_in_the_list(address: str) -> None:
    caller = make_caller()
    caller.user.emailaddress_set.create(email=caller.user.email, primary=True, verified=True)
    page = browser(caller).get(address).content.decode()
    assert f'<a href="{address}" aria-current="page">' in page.partition("settings-list")[2]


def test_two_factor_pages_are_ours_in_each_state() -> None:
    caller = make_caller()
    client = browser(caller)
    page = client.get("/accounts/2fa/").content.decode()
    assert "Turn on" in page and "They are made when" in page
    TOTP.activate(caller.user, SECRET)
    page = client.get("/accounts/2fa/").content.decode()
    assert "Turn off…" in page and "There are none" in page
    RecoveryCodes.activate(caller.user)
    assert "10 of 10 codes are left" in client.get("/accounts/2fa/").content.decode()
    kept = Authenticator.objects.filter(user=caller.user)
    assert kept.count() == 2
    assert SECRET not in str(kept.values())


def test_a_second_factor_is_sealed_and_an_older_one_still_opens() -> None:
    caller, now = make_caller(), next(yield_hotp_counters_from_time())
    for sealed in (True, False):
        factor = TOTP.activate(caller.user, SECRET)
        if not sealed:
            factor.instance.data["secret"] = SECRET
            factor.instance.save()
        assert (factor.instance.data["secret"] == SECRET) is not sealed
        cache.clear()  # a code works once
        assert TOTP(Authenticator.objects.get(pk=factor.instance.pk)).validate_code(
            format_hotp_value(hotp_value(SECRET, now))
        )
        factor.instance.delete()


# --- Sessions -----------------------------------------------------------------------------------------------


def test_each_browser_is_listed_by_its_name_and_this_one_is_marked() -> None:
    caller = make_caller()
    signed_in(caller, IPHONE)
    page = signed_in(caller).get("/dashboard/account/sessions").content.decode()
    assert "Firefox · Linux" in page and "Safari · iPhone" in page
    assert page.count("this browser") == 1
    assert SignIn.objects.filter(user=caller.user).count() == 2


def test_a_browser_is_signed_out_from_another_one() -> None:
    caller = make_caller()
    lost, mine = signed_in(caller, IPHONE), signed_in(caller)
    number = SignIn.objects.get(user=caller.user, agent=IPHONE).pk
    answer = mine.post(f"/dashboard/account/sessions/{number}/end", follow=True)
    assert "Safari · iPhone is signed out." in answer.content.decode()
    assert lost.get("/dashboard").status_code == 302
    assert mine.get("/dashboard").status_code == 200


def test_all_others_are_signed_out_at_once_and_their_studio_ends() -> None:
    caller = make_caller()
    others, mine = [signed_in(caller), signed_in(caller, IPHONE)], signed_in(caller)
    token = others[0].post("/dashboard/studio/token", {"project": caller.project.api_id})
    assert token.status_code == 200, token.content
    assert StudioToken.objects.filter(key__created_by=caller.user).count() == 1
    assert (
        "2 browsers are signed out."
        in mine.post("/dashboard/account/sessions/end", follow=True).content.decode()
    )
    assert [client.get("/dashboard").status_code for client in (*others, mine)] == [302, 302, 200]
    assert not StudioToken.objects.filter(key__created_by=caller.user).exists()


def test_nobody_signs_out_anybody_else() -> None:
    alice, bob = make_caller(), make_caller()
    theirs = signed_in(bob)
    number = SignIn.objects.get(user=bob.user).pk
    client = signed_in(alice)
    assert client.post(f"/dashboard/account/sessions/{number}/end").status_code == 404
    client.post("/dashboard/account/sessions/end")
    assert theirs.get("/dashboard").status_code == 200
    assert bob.user.email not in client.get("/dashboard/account/sessions").content.decode()


def test_who_logs_out_is_no_longer_listed() -> None:
    caller = make_caller()
    signed_in(caller, IPHONE).post("/accounts/logout/")
    assert not SignIn.objects.filter(user=caller.user).exists()


def test_a_session_that_is_over_is_forgotten() -> None:
    caller = make_caller()
    signed_in(caller, IPHONE)
    old = SignIn.objects.get(user=caller.user)
    Session.objects.filter(pk=old.session_key).update(expire_date=timezone.now() - timedelta(days=1))
    page = signed_in(caller).get("/dashboard/account/sessions").content.decode()
    assert "iPhone" not in page
    assert not SignIn.objects.filter(pk=old.pk).exists()


def test_a_new_password_leaves_this_browser_alone() -> None:
    caller = make_caller()
    caller.user.set_password(PASSWORD)
    caller.user.save()
    lost, mine = signed_in(caller, IPHONE), signed_in(caller)
    said = {"oldpassword": PASSWORD, "password1": f"{PASSWORD}-2", "password2": f"{PASSWORD}-2"}
    mine.post("/accounts/password/change/", said)
    assert lost.get("/dashboard").status_code == 302
    page = mine.get("/dashboard/account/sessions").content.decode()
    assert "Firefox · Linux" in page and "iPhone" not in page


@pytest.mark.parametrize(
    ("agent", "known"),
    [
        (FIREFOX, ("Firefox", "Linux")),
        (IPHONE, ("Safari", "iPhone")),
        (
            "Mozilla/5.0 (Windows NT 10.0) AppleWebKit Chrome/140.0 Safari/537.36 Edg/140.0",
            ("Edge", "Windows"),
        ),
        (
            "Mozilla/5.0 (Linux; Android 15) Chrome/140.0 YaBrowser/25.8 Safari/537",
            ("Yandex Browser", "Android"),
        ),
        ("curl/8.5", ("", "")),
    ],
)
def test_a_browser_is_known_by_what_it_calls_itself(agent: str, known: tuple[str, str]) -> None:
    assert names(agent) == known
