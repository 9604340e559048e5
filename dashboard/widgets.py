"""Widgets of forms whose options take no template each: Django renders three to six for every one of them."""

from typing import Any

from django import forms
from django.forms.utils import flatatt
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString


class LongSelect(forms.Select):
    """A select that may have hundreds of options: Django renders three templates for each of them."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        """The same HTML as the stock widget's, of options without groups."""
        chosen = next(iter(self.format_value(value)), "")
        options = format_html_join(
            "",
            '<option value="{}"{}>{}</option>',
            ((choice, " selected" if str(choice) == chosen else "", label) for choice, label in self.choices),
        )
        attributes = flatatt(self.build_attrs(self.attrs, attrs))
        return format_html('<select name="{}"{}>{}</select>', name, attributes, options)


class LongCheckboxes(forms.CheckboxSelectMultiple):
    """Check boxes without the six templates that Django renders for each of them."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        """The same HTML as the stock widget's, of options without groups."""
        widget = self.get_context(name, value, attrs)["widget"]
        boxes = format_html_join(
            "",
            '<div><label for="{}"><input type="checkbox" name="{}" value="{}"{}> {}</label></div>',
            (
                (one["attrs"]["id"], name, one["value"], flatatt(one["attrs"]), one["label"])
                for _group, options, _index in widget["optgroups"]
                for one in options
            ),
        )
        return format_html('<div id="{}">{}</div>', widget["attrs"]["id"], boxes)
