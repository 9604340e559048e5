"""Operators read the admin in their own language: what it calls things, columns, fields and filters, and what
they may choose from."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.utils import (
    flatten_fieldsets,
    get_fields_from_path,
    help_text_for_field,
    label_for_field,
)
from django.core.exceptions import FieldDoesNotExist
from django.forms import ChoiceField, ModelChoiceField
from django.forms.utils import pretty_name
from django.http import HttpRequest
from django.test import RequestFactory
from django.utils import translation
from django.views.i18n import JSONCatalog

from accounts.models import User

ADMINS = sorted(admin.site._registry.values(), key=lambda one: one.opts.label)
# The same in every language; in Uzbek some words are also spelled as in English.
SAME = {"id", "№", "usd", "cad", "cloudapi"}
SAME |= {"anthropic", "gemini", "openai", "pollinations", "telegram", "webauthn"}
SAME |= {"click", "payme", "uzum", "jpeg", "pdf"}
SAME |= {"continue_final_message (vllm, sglang)", "partial: true (moonshot, alibaba)"}
SAME |= {"english", "oʻzbekcha", "русский"}  # languages by their own names
SAME_IN_UZBEK = {
    "administrator",
    "bank",
    "endpoint",
    "model",
    "operator",
    "promo bonus",
    "stir (inn)",
    "video",
}
Texts = Iterator[tuple[str, Any]]


@pytest.fixture
def request_of_operator() -> HttpRequest:
    request = RequestFactory().get("/")
    request.user = User(email="alice@example.com", is_staff=True, is_superuser=True)
    return request


@pytest.mark.django_db
@pytest.mark.parametrize("owner", ADMINS, ids=lambda one: one.opts.label)
def test_no_page_has_english_labels_in_russian_or_uzbek(owner: Any, request_of_operator: HttpRequest) -> None:
    english, russian, uzbek = (_told(owner, request_of_operator, one) for one in ("en", "ru", "uz"))
    assert {where: text for where, text in russian.items() if not _is_russian(text)} == {}
    same = {where: text for where, text in uzbek.items() if text == english[where]}
    assert {where: text for where, text in same.items() if text.lower() not in SAME | SAME_IN_UZBEK} == {}


@pytest.mark.parametrize("language", ["ru", "uz"])
def test_no_two_groups_of_the_index_have_one_name(language: str) -> None:
    with translation.override(language):
        groups = {one.opts.app_label for one in ADMINS}
        names = [str(apps.get_app_config(label).verbose_name) for label in groups]
    assert len(set(names)) == len(names)


def test_the_admins_scripts_lack_no_uzbek_word() -> None:
    said = {}
    for language in ("ru", "uz"):
        with translation.override(language):
            answer = JSONCatalog.as_view(packages=["django.contrib.admin"])(RequestFactory().get("/"))
        said[language] = json.loads(answer.content)["catalog"]
    assert said["ru"].keys() - said["uz"].keys() == set()


def _told(owner: Any, request: HttpRequest, language: str) -> dict[str, str]:
    with translation.override(language):
        found = [*_names(owner), *_columns(owner, request), *_filters(owner), *_pages(owner, request)]
        found += [*_actions(owner, request), *_filter_choices(owner, request)]
        return {where: str(text) for where, text in found if any(sign.isalpha() for sign in str(text))}


def _is_russian(text: str) -> bool:
    return text.lower() in SAME or re.search("[а-яё]", text.lower()) is not None


def _names(owner: Any) -> Texts:
    yield "group", apps.get_app_config(owner.opts.app_label).verbose_name
    yield "one", owner.opts.verbose_name
    yield "many", owner.opts.verbose_name_plural


def _columns(owner: Any, request: HttpRequest) -> Texts:
    for name in owner.get_list_display(request):
        yield f"column {getattr(name, '__name__', name)}", label_for_field(name, owner.model, owner)
        yield from _labels(f"column {name}", owner.model, name)
    yield "help of the search", owner.search_help_text or ""


def _filters(owner: Any) -> Texts:
    for one in owner.list_filter:
        if isinstance(one, type):
            yield f"filter {one.__name__}", getattr(one, "title", "")
            continue
        path = one if isinstance(one, str) else one[0]
        field: Any = get_fields_from_path(owner.model, path)[-1]
        yield f"filter {path}", field.verbose_name


def _pages(owner: Any, request: HttpRequest) -> Texts:
    """The page that adds a row and the page of one, with the rows that belong to it."""
    row = owner.model(pk=1)
    for kind, obj in (("new", None), ("old", row)):
        if obj is None and not owner.has_add_permission(request):
            continue
        for place, (title, options) in enumerate(owner.get_fieldsets(request, obj)):
            yield f"{kind} section {place}", title or ""
            yield f"{kind} about section {place}", options.get("description", "")
        names = flatten_fieldsets(owner.get_fieldsets(request, obj))
        form = owner.get_form(request, obj, change=obj is not None)
        form = form if obj else form()
        yield from _fields(kind, owner, names, owner.get_readonly_fields(request, obj), form)
        for inline in owner.get_inline_instances(request, obj):
            formset = inline.get_formset(request, obj)
            names = [name for name in _inline_names(inline, request, obj) if name != formset.fk.name]
            where = f"{kind} {inline.opts.model_name}"
            yield where, inline.verbose_name_plural
            yield from _fields(where, inline, names, inline.get_readonly_fields(request, obj), formset.form)


def _inline_names(inline: Any, request: HttpRequest, obj: Any) -> list[str]:
    return list(flatten_fieldsets(inline.get_fieldsets(request, obj)))


def _fields(where: str, owner: Any, names: list[str], readonly: Any, form: Any) -> Texts:
    fields = getattr(form, "fields", form.base_fields)
    for name in names:
        if name in fields and name not in readonly:
            yield f"{where} field {name}", fields[name].label or pretty_name(name)
            yield f"{where} help of {name}", fields[name].help_text
            yield f"{where} nothing of {name}", getattr(fields[name], "empty_label", None) or ""
            yield from _offered(f"{where} field {name}", fields[name])
        else:
            yield from _labels(f"{where} field {name}", owner.model, name)
            yield f"{where} field {name}", label_for_field(name, owner.model, owner)
            yield f"{where} help of {name}", help_text_for_field(name, owner.model)


def _offered(where: str, field: Any) -> Texts:
    """What a form lets choose from, unless those are rows."""
    if isinstance(field, ChoiceField) and not isinstance(field, ModelChoiceField):
        for value, label in field.choices:
            yield f"{where}: {value}", label


def _labels(where: str, model: Any, name: Any) -> Texts:
    """What a field of the model can say, if that is one of a few words."""
    try:
        field: Any = model._meta.get_field(name)
    except (FieldDoesNotExist, TypeError, AttributeError):
        return
    for value, label in getattr(field, "flatchoices", ()):
        yield f"{where}: {value}", label


def _actions(owner: Any, request: HttpRequest) -> Texts:
    for name, label in owner.get_action_choices(request):
        yield f"action {name}", label


def _filter_choices(owner: Any, request: HttpRequest) -> Texts:
    """Of each filter: its heading and what it offers, unless those are rows."""
    if not owner.get_list_filter(request):
        return
    changelist = owner.get_changelist_instance(request)
    for number, one in enumerate(changelist.filter_specs):
        yield f"heading of filter {number}", one.title
        for place, choice in enumerate(one.choices(changelist)):
            yield f"filter {number}, choice {place}", choice["display"]
