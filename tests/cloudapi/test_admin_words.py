"""Operators read the admin in their own language: what it calls things, columns, fields and filters."""

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
from django.forms.utils import pretty_name
from django.http import HttpRequest
from django.test import RequestFactory
from django.utils import translation

from accounts.models import User

ADMINS = sorted(admin.site._registry.values(), key=lambda one: one.opts.label)
# The same in every language; in Uzbek some words are also spelled as in English.
SAME = {"id", "№", "usd", "cloudapi"}
SAME_IN_UZBEK = {"model", "operator", "bank", "endpoint", "stir (inn)"}
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


def _told(owner: Any, request: HttpRequest, language: str) -> dict[str, str]:
    with translation.override(language):
        found = [*_names(owner), *_columns(owner, request), *_filters(owner), *_pages(owner, request)]
        return {where: str(text) for where, text in found if str(text).strip()}


def _is_russian(text: str) -> bool:
    return text.lower() in SAME or re.search("[а-яё]", text.lower()) is not None


def _names(owner: Any) -> Texts:
    yield "group", apps.get_app_config(owner.opts.app_label).verbose_name
    yield "one", owner.opts.verbose_name
    yield "many", owner.opts.verbose_name_plural


def _columns(owner: Any, request: HttpRequest) -> Texts:
    for name in owner.get_list_display(request):
        yield f"column {getattr(name, '__name__', name)}", label_for_field(name, owner.model, owner)


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
        else:
            yield f"{where} field {name}", label_for_field(name, owner.model, owner)
            yield f"{where} help of {name}", help_text_for_field(name, owner.model)
