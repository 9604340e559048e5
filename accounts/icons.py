"""Yes, no and unknown as the admin's pictures, named in the operator's language."""

from typing import Final

from django.templatetags.static import static
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

_WORDS: Final[dict[bool | None, tuple[str, Promise]]] = {
    True: ("yes", _("yes")),
    False: ("no", _("no")),
    None: ("unknown", _("unknown")),
}


def boolean_icon(value: bool | None) -> SafeString:
    """Django's own says True, False or None to who listens."""
    name, word = _WORDS[value]
    return format_html('<img src="{}" alt="{}">', static(f"admin/img/icon-{name}.svg"), word)
