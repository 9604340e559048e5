"""Settings that are a person's own: the profile, and where they are signed in."""

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import get_language, gettext_lazy, ngettext, override
from django.utils.translation import gettext as _

from accounts import sessions
from accounts.browsers import names
from accounts.language import keep_language
from accounts.models import Clock, Language, SignIn, User
from dashboard.people import page_caller
from dashboard.views import private


class ProfileForm(forms.Form):
    """What a person is called and how they read."""

    name = forms.CharField(
        label=gettext_lazy("Your name"),
        max_length=150,
        required=False,
        help_text=gettext_lazy("Members of your organizations see it."),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    language = forms.ChoiceField(
        label=gettext_lazy("Language"),
        choices=Language.choices,
        help_text=gettext_lazy("Of pages and of messages."),
    )
    clock = forms.ChoiceField(
        label=gettext_lazy("Time format"), choices=Clock.choices, widget=forms.RadioSelect
    )

    def __init__(self, user: User, said: QueryDict | None) -> None:
        language = user.language or (get_language() or "")[:2]
        super().__init__(said, initial={"name": user.name, "language": language, "clock": user.clock})


@private("GET", "HEAD", "POST")
def profile(request: HttpRequest) -> HttpResponse:
    """Name, language, time format; what is saved holds from the next page on."""
    caller = page_caller(request)
    assert caller.user is not None
    form = ProfileForm(caller.user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        User.objects.filter(pk=caller.user.pk).update(**form.cleaned_data)
        language = form.cleaned_data["language"]
        with override(language):
            messages.success(request, _("Your profile is saved."))
        response = redirect("account")
        keep_language(response, language)
        return response
    context = {"form": form, "organization": caller.organization}
    return render(request, "dashboard/account.html", context)


@private("GET", "HEAD")
def sign_ins(request: HttpRequest) -> HttpResponse:
    """The browsers that are signed in; this one is among them however new it is."""
    user = _person(request)
    here = sessions.note(request, user)
    found = sessions.of(user)
    context = {
        "browsers": [(one, *names(one.agent), here is not None and one.pk == here.pk) for one in found],
        "others": sum(one != here for one in found),
    }
    return render(request, "dashboard/sessions.html", context)


@private("POST")
def end(request: HttpRequest, sign_in_id: int) -> HttpResponse:
    """Signs out one of the person's browsers; somebody else's is 404 like none."""
    ended = sessions.end(_person(request), sign_in_id)
    if ended is None:
        raise Http404
    messages.success(request, _("%(browser)s is signed out.") % {"browser": _called(ended)})
    return redirect("sessions")


@private("POST")
def end_others(request: HttpRequest) -> HttpResponse:
    """Signs out all of the person's browsers but this one."""
    count = sessions.end_others(_person(request), request.session.session_key)
    told = ngettext("%(count)d browser is signed out.", "%(count)d browsers are signed out.", count)
    messages.success(request, told % {"count": count})
    return redirect("sessions")


def _called(one: SignIn) -> str:
    return " · ".join(filter(None, names(one.agent))) or _("A browser")


def _person(request: HttpRequest) -> User:
    user = page_caller(request).user
    assert user is not None
    return user
