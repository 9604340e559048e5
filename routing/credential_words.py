"""A credential's state as operators read it, in their own language; the audit keeps Credential.state."""

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from routing.models import Credential


def told(row: Credential) -> str:
    """In use, or why not."""
    if row.retired_at is not None:
        return _("not in the catalog any more")
    if not row.active:
        return _("switched off")
    if row.disabled_at is None:
        return _("in use")
    when = date_format(localtime(row.disabled_at), "SHORT_DATETIME_FORMAT")
    return _("disabled %(when)s: %(reason)s") % {"when": when, "reason": row.disabled_reason}
