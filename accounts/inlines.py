"""Rows of things that belong to the one on an operator's page."""

from typing import Any

from django.contrib import admin
from django.forms import Field, Form
from django.forms.utils import pretty_name
from django.http import HttpRequest
from django.utils.text import capfirst


class NamedTabularInline(admin.TabularInline):  # type: ignore[type-arg]
    """Stock columns, each field of which also has its column's name for those who can't see the heading.

    Django's template writes no labels in tables.
    """

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        """The usual one, whose forms name their fields as they are made: by the language in force."""
        stock: Any = super().get_formset(request, obj, **kwargs)

        class Named(stock):  # type: ignore[misc]
            def add_fields(self, form: Form, index: int | None) -> None:
                super().add_fields(form, index)
                for name, field in form.fields.items():
                    _name(field, name)

        return Named


def _name(field: Field, name: str) -> None:
    # A choice with a plus beside it is wrapped, and the wrapper's attributes are those of all its copies.
    widget: Any = getattr(field.widget, "widget", field.widget)
    if not widget.is_hidden:
        widget.attrs.setdefault("aria-label", capfirst(str(field.label or pretty_name(name))))
