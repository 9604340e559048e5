"""Components as tags: what has attributes of its own, or stands in rows, without a template for each.

{% button type="submit" kind="danger" data_keep=True %}Revoke{% endbutton %}
{% badge kind=key.state %}Active{% endbadge %}
"""

from typing import Any, Final
from urllib.parse import urlencode

from django import template
from django.forms import BaseForm, BoundField
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from dashboard.templatetags.icons import lucide

register = template.Library()

# They say what they say by being there.
_BARE: Final = frozenset({"hidden", "disabled", "download", "formnovalidate"})


@register.filter
def breakable(text: str) -> SafeString:
    """An address, or a name that may be one: it is broken before its @ where a line is too short."""
    return mark_safe(conditional_escape(text).replace("@", "<wbr>@"))


@register.simple_block_tag
def button(
    content: str, href: str = "", kind: str = "", small: object = False, icon: str = "", **more: object
) -> SafeString:
    """A button, a link that looks like one (href), or another element (element) with what it holds.

    kind: quiet, danger; extra: further classes; all others are attributes, `data_x` for data-x.
    """
    element = "a" if href else str(more.pop("element", "button"))
    names = ("button", kind, "small" if small else "", str(more.pop("extra", "")))
    attributes: dict[str, object] = {"href": href} if href else {}
    if element == "button":
        attributes["type"] = more.pop("type", "") or "button"
    drawn = lucide(icon, size=16, **{"class": "icon", "aria_hidden": "true"}) if icon else ""
    return format_html(
        '<{} class="{}"{}>{}{}</{}>',
        element,
        " ".join(filter(None, names)),
        _attributes(attributes | more),
        drawn,
        mark_safe(content.strip()),
        element,
    )


@register.simple_block_tag
def badge(content: str, kind: str = "") -> SafeString:
    """A state in a word. kind: ok, error, away, free, sandbox, the state of a thing of ours, or none."""
    return format_html(
        '<span class="badge{}">{}</span>', f" {kind}" if kind else "", mark_safe(content.strip())
    )


@register.filter
def unhinted(form: BaseForm | None) -> list[BoundField]:
    """A form's visible fields without what allauth repeats within them of their labels."""
    if form is None:  # a page of a button alone
        return []
    for field in form.fields.values():
        field.widget.attrs.pop("placeholder", None)
    return form.visible_fields()


@register.simple_tag
def address(query: str, **values: object) -> str:
    """The page's own address with this query, which may be empty, and these values in it."""
    return f"?{'&'.join(filter(None, (query, urlencode(values))))}"


@register.filter
def same(one: object, other: object) -> str:
    """For aria-current: "true" of the one that is chosen, else nothing."""
    return "true" if one == other else ""


def _attributes(found: dict[str, Any]) -> SafeString:
    """As HTML; nothing of what is None, False or '' (a value may be '')."""
    return format_html_join("", "{}", ((_attribute(name, value),) for name, value in found.items()))


def _attribute(name: str, value: object) -> str:
    shown = name.replace("_", "-")
    if value is None or value is False or (value == "" and name != "value"):
        return ""
    if value is True or name in _BARE:
        return format_html(" {}", shown) if value else ""
    return format_html(' {}="{}"', shown, value)
