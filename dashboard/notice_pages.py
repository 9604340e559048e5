"""What a person wants to be told and how: the settings page, the link that ends e-mails, Telegram's calls."""

import hmac
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from accounts import telegram
from accounts.access import Caller
from accounts.models import Language, TelegramChat, User
from accounts.roles import Power
from billing.models import BalanceWatch, Medium, NoticeKind
from billing.money import exact_uzs
from billing.notices import outbox, post, watch
from dashboard.alerts import alerts_of
from dashboard.forms import UzsField
from dashboard.moments import TASHKENT
from dashboard.people import page_caller, require
from dashboard.views import private

KINDS = [kind for kind in NoticeKind if kind is not NoticeKind.TEST]
_UPDATE_BYTES_MAX = 100_000


class ChoicesForm(forms.Form):
    """A checkbox for each kind and channel, and the language of what is sent."""

    language = forms.ChoiceField(label=gettext_lazy("Language of messages"), choices=Language.choices)

    def __init__(self, caller: Caller, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        assert caller.user is not None
        said = outbox.choices_of(caller.user)
        self.fields["language"].initial = caller.user.language or (get_language() or "")[:2]
        for kind in KINDS:
            for channel in Medium:
                self.fields[f"{kind.value}-{channel.value}"] = forms.BooleanField(
                    label=channel.label,
                    required=False,
                    initial=outbox.wants(said, kind, channel, caller.role or ""),
                    # Without a bot the choice stays as it is; Django takes a disabled field's initial.
                    disabled=channel == Medium.TELEGRAM and not telegram.is_on(),
                )

    def rows(self) -> list[tuple[str, list[forms.BoundField]]]:
        """Each kind with its boxes."""
        return [
            (str(kind.label), [self[f"{kind.value}-{channel.value}"] for channel in Medium]) for kind in KINDS
        ]

    def save(self, user: User) -> None:
        """Keeps what was chosen; the language is the person's from now on."""
        User.objects.filter(pk=user.pk).update(language=self.cleaned_data["language"])
        for kind in KINDS:
            for channel in Medium:
                wanted = self.cleaned_data[f"{kind.value}-{channel.value}"]
                outbox.choose(user, kind, channel, wanted=wanted)


class ThresholdForm(forms.Form):
    threshold = UzsField(
        label=gettext_lazy("Low balance, so'm"),
        required=False,
        help_text=gettext_lazy(
            "A message comes when the balance falls below. 0: never. Empty: our own default."
        ),
    )


@private("GET", "HEAD", "POST")
def notifications(request: HttpRequest) -> HttpResponse:
    """The settings; each form says in `do` which one it is."""
    caller = page_caller(request)
    if request.method == "POST":
        deed = _DEEDS.get(request.POST.get("do", ""))
        if deed is None:
            raise Http404
        return deed(request, caller)
    return _page(request, caller)


def _page(request: HttpRequest, caller: Caller, **more: Any) -> HttpResponse:
    found = BalanceWatch.objects.filter(org=caller.organization).first()
    own = found.threshold_micros if found else None
    context = {
        "form": ChoicesForm(caller),
        "threshold_form": ThresholdForm(initial={"threshold": "" if own is None else exact_uzs(own)}),
        "threshold": watch.threshold_of(found),
        "alerts": alerts_of(caller),
        "bot": settings.TELEGRAM_BOT_NAME if telegram.is_on() else "",
        "chat": TelegramChat.objects.filter(user=caller.user).first(),
    }
    return render(request, "dashboard/notifications.html", context | more)


def _choose(request: HttpRequest, caller: Caller) -> HttpResponse:
    assert caller.user is not None
    form = ChoicesForm(caller, request.POST)
    if not form.is_valid():
        return _page(request, caller, form=form)
    form.save(caller.user)
    return _back(request, _("Your choice is kept."))


def _set_threshold(request: HttpRequest, caller: Caller) -> HttpResponse:
    require(caller, Power.MONEY)
    form = ThresholdForm(request.POST)
    if not form.is_valid():
        return _page(request, caller, threshold_form=form)
    watch.set_threshold(caller.organization.pk, form.cleaned_data["threshold"])
    return _back(request, _("The threshold is kept."))


def _link(request: HttpRequest, caller: Caller) -> HttpResponse:
    """The link is on the answer itself and nowhere again: it is a key to the account's messages."""
    if not telegram.is_on():
        raise Http404
    assert caller.user is not None
    return _page(request, caller, start_link=telegram.start_link(caller.user))


def _unlink(request: HttpRequest, caller: Caller) -> HttpResponse:
    assert caller.user is not None
    telegram.unlink(caller.user)
    return _back(request, _("Telegram is unlinked."))


def _test(request: HttpRequest, caller: Caller) -> HttpResponse:
    """Once a minute at most."""
    assert caller.user is not None
    key = f"{caller.user.pk}:{datetime.now(TASHKENT):%Y-%m-%dT%H:%M}"
    if outbox.tell_one(caller.organization.pk, caller.user, NoticeKind.TEST, key):
        return _back(request, _("A test message is on its way; it comes within a minute."))
    return _back(request, _("A test message was sent a moment ago. Wait a minute."))


def _back(request: HttpRequest, text: str) -> HttpResponse:
    messages.success(request, text)
    return redirect("notifications")


_DEEDS: dict[str, Callable[[HttpRequest, Caller], HttpResponse]] = {
    "choose": _choose,
    "threshold": _set_threshold,
    "link": _link,
    "unlink": _unlink,
    "test": _test,
}


@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """GET asks, as scanners of mail open every link; POST ends it, a mail program's too (RFC 8058)."""
    try:
        user_id, kind = signing.loads(token, salt=post.UNSUBSCRIBE)
        user, kind = User.objects.get(pk=user_id), NoticeKind(kind)
    except (signing.BadSignature, User.DoesNotExist, ValueError):
        raise Http404 from None
    if request.method == "POST":
        outbox.choose(user, kind, Medium.EMAIL, wanted=False)
    context = {"kind": kind.label, "done": request.method == "POST"}
    return render(request, "site/unsubscribe.html", context)


@csrf_exempt
@require_POST
def telegram_update(request: HttpRequest, secret: str) -> HttpResponse:
    """What Telegram sends. Without a bot, or by whom it isn't from, there is nothing at this address.

    The answer itself says what the bot says next, so that nothing is asked of anybody meanwhile.
    """
    token = request.headers.get("X-Telegram-Bot-Api-Secret-Token", "")
    known = telegram.is_on() and hmac.compare_digest(secret.encode(), telegram.webhook_path().encode())
    if not known or not hmac.compare_digest(token.encode(), telegram.webhook_secret().encode()):
        raise Http404
    try:
        update = json.loads(request.read(_UPDATE_BYTES_MAX))
    except ValueError:
        return HttpResponse(status=400)
    reply = telegram.heard(update) if isinstance(update, dict) else None
    if reply is None:
        return HttpResponse(status=200)
    return JsonResponse({"method": "sendMessage", "chat_id": reply.chat_id, "text": reply.text})
