"""What operators may do, in their own language: Django keeps the names of rights in English."""

from typing import Any, Final

from django.contrib.auth.models import Permission
from django.forms import ModelMultipleChoiceField
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

_STOCK: Final[dict[str, Promise]] = {
    "add": _("Add"),
    "change": _("Change"),
    "delete": _("Delete"),
    "view": _("View"),
}


class PermissionsField(ModelMultipleChoiceField):  # type: ignore[type-arg]
    def label_from_instance(self, obj: Any) -> str:
        return words(obj)


def words(permission: Permission) -> str:
    """Group, model and what may be done to it."""
    deed, _of, model = permission.codename.partition("_")
    stock = _STOCK.get(deed) if model == permission.content_type.model else None
    return f"{permission.content_type} | {stock or gettext(permission.name)}"
