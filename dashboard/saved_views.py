"""Filters of the activity page that a person keeps, for one organization each; nobody else sees them."""

from collections.abc import Sequence
from typing import Final

from django.db import transaction
from django.http import QueryDict
from django.utils.translation import gettext as _

from accounts.access import Caller
from accounts.models import User
from dashboard.activity_form import ActivityForm
from dashboard.models import SavedView

VIEWS_MAX: Final = 30
_NAME_MAX: Final = 60
_QUERY_MAX: Final = 1000


class Refused(Exception):
    """The view can't be kept; the text says why, in the reader's language."""


def of(caller: Caller) -> Sequence[SavedView]:
    """The person's own views in this organization, by name."""
    return list(SavedView.objects.filter(organization=caller.organization, user=caller.user))


def cleaned(query: str) -> str:
    """An address's query as a view keeps it: what the filter knows, in its order, and nothing else."""
    said = QueryDict(query)
    kept = QueryDict(mutable=True)
    for name in ActivityForm.base_fields:
        if value := said.get(name, "").replace("\0", "").strip():
            kept[name] = value
    return kept.urlencode()


@transaction.atomic
def save(caller: Caller, name: str, query: str) -> SavedView:
    """Keeps a cleaned() query under a name; one of that name is changed. Raises Refused."""
    name = " ".join(name.split())
    if not name or len(name) > _NAME_MAX or not name.isprintable() or len(query) > _QUERY_MAX:
        raise Refused(_("A view needs a name of at most %(most)d characters.") % {"most": _NAME_MAX})
    assert caller.user is not None
    User.objects.select_for_update().get(pk=caller.user.pk)  # two saves at once don't pass the limit
    mine = SavedView.objects.filter(organization=caller.organization, user=caller.user)
    if mine.exclude(name=name).count() >= VIEWS_MAX:
        raise Refused(_("You have %(most)d views already. Delete one first.") % {"most": VIEWS_MAX})
    view, _created = SavedView.objects.update_or_create(
        organization=caller.organization, user=caller.user, name=name, defaults={"query": query}
    )
    return view


def delete(caller: Caller, view_id: int) -> SavedView | None:
    """Forgets one of the person's own views; None if it is none of theirs."""
    view = SavedView.objects.filter(organization=caller.organization, user=caller.user, pk=view_id).first()
    if view is not None:
        SavedView.objects.filter(pk=view.pk).delete()
    return view
