"""Keys: the list with its form, and the questions before a key is moved or keys are revoked."""

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.access import Caller, find_all_public, reachable_keys
from accounts.errors import AccountsError, InvalidField, NotFound, RoleNotAllowed
from accounts.keys import revoke_key
from accounts.models import ApiKey, Project
from accounts.moving import move_key
from accounts.roles import Power
from billing.download import csv_download
from dashboard.budgets import budgets_of_each
from dashboard.forms import KeyForm
from dashboard.key_list import COLUMNS, KeyList, file_rows
from dashboard.keys import caps_of, fill_last_use, issue_key
from dashboard.lists import back_to, chosen, listing
from dashboard.moments import today
from dashboard.people import changeable_key, changing, page_caller, permitted
from dashboard.sure import SureForm, word_for_many
from dashboard.views import private


@private("GET", "HEAD", "POST")
def keys(request: HttpRequest) -> HttpResponse:
    """The list, and the form; a new key is shown in the answer that makes it and nowhere again."""
    caller = changing(request, Power.KEYS)
    form = KeyForm(caller, request.POST or None)
    new: tuple[ApiKey, str] | None = None
    if request.method == "POST" and form.is_valid():
        new = _issued(caller, form)
        form = KeyForm(caller) if new else form
    shown = listing(KeyList(caller, request.GET), reachable_keys(caller), request.GET)
    fill_last_use(caller.organization, shown.rows)
    caps = caps_of(shown.rows)
    context = {
        "form": form,
        "new": new,
        "listing": shown,
        "keys": [(key, caps.get(key.pk, [])) for key in shown.rows],
        "has_keys": shown.count > 0 or reachable_keys(caller).exists(),
        "may_move": len(caller.projects()) > 1,
    }
    return render(request, "dashboard/keys.html", context)


@private("GET")
def keys_file(request: HttpRequest) -> HttpResponseBase:
    """The list as its filter has it, as CSV."""
    caller = page_caller(request)
    form = KeyList(caller, request.GET)
    name = f"cloudapi-keys-{today().isoformat()}.csv"
    return csv_download(request, name, COLUMNS, lambda: file_rows(caller, form))


def _issued(caller: Caller, form: KeyForm) -> tuple[ApiKey, str] | None:
    """The new key, or None with the refusal in the form."""
    try:
        return issue_key(caller, form.cleaned_data["project"], form.key_request(), form.spend_cap())
    except RoleNotAllowed:
        raise PermissionDenied from None
    except InvalidField as error:
        form.add_error(error.param if error.param in form.fields else None, str(error))
    except AccountsError as error:
        form.add_error(None, str(error))
    return None


@private("GET", "HEAD", "POST")
def key_revoke(request: HttpRequest, key_id: str) -> HttpResponse:
    """Asks, then revokes one key for good."""
    caller = page_caller(request)
    key = changeable_key(caller, key_id)
    if request.method == "POST":
        revoke_key(key)
        messages.success(request, _("The key “%(name)s” is revoked.") % {"name": key.name})
        return redirect("keys")
    fill_last_use(caller.organization, [key])
    return render(request, "dashboard/key_revoke.html", {"key": key})


@private("GET", "HEAD", "POST")
def keys_revoke(request: HttpRequest) -> HttpResponse:
    """Asks by name, then revokes all keys that were chosen in the list; foreign ones are 404 for all."""
    caller = permitted(request, Power.KEYS)
    said = request.POST if request.method == "POST" else request.GET
    wanted, back = chosen(said, "key"), back_to("keys", said)
    try:
        found = [key for key in find_all_public(reachable_keys(caller), wanted) if key.revoked_at is None]
    except NotFound:
        raise Http404 from None
    if not found:
        messages.error(request, _("Choose keys in the list first."))
        return redirect(back)
    form = SureForm(word_for_many(found), request)
    if form.is_valid():
        count = sum(revoke_key(key) for key in found)
        told = ngettext("%(count)d key is revoked.", "%(count)d keys are revoked.", count)
        messages.success(request, told % {"count": count})
        return redirect(back)
    fill_last_use(caller.organization, found)
    hidden = [("back", said.get("back", "")), *(("key", key.api_id) for key in found)]
    context = {"keys": found, "sure": form, "hidden": hidden, "back_url": back}
    return render(request, "dashboard/keys_revoke.html", context)


class MoveForm(forms.Form):
    """The other projects of the organization."""

    project = forms.ModelChoiceField(
        Project.objects.none(), label=gettext_lazy("To project"), empty_label=None
    )

    def __init__(self, caller: Caller, key: ApiKey, *args: object) -> None:
        super().__init__(*args)  # type: ignore[arg-type]
        field = self.fields["project"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = others(caller, key)


def others(caller: Caller, key: ApiKey) -> QuerySet[Project]:
    """Where the key could go."""
    projects = Project.objects.filter(organization=caller.organization, archived_at=None)
    return projects.exclude(pk=key.project_id).order_by("-is_default", "name")


@private("GET", "HEAD", "POST")
def key_move(request: HttpRequest, key_id: str) -> HttpResponse:
    """A foreign key is 404 like an unknown one; who only looks may not."""
    caller = page_caller(request)
    key = changeable_key(caller, key_id)
    if key.revoked_at is not None:
        raise Http404
    form = MoveForm(caller, key, request.POST or None)
    if request.method == "POST" and form.is_valid():
        moved = move_key(caller, key, form.cleaned_data["project"])
        names = {"name": moved.name, "project": moved.project.name}
        messages.success(request, _("The key “%(name)s” now belongs to “%(project)s”.") % names)
        return redirect("keys")
    projects = list(others(caller, key))
    each = zip(projects, budgets_of_each(projects), strict=True)
    rooms = [(project, [one for one in budgets if one.limit_micros is not None]) for project, budgets in each]
    return render(request, "dashboard/key_move.html", {"key": key, "form": form, "projects": rooms})
