"""Moving a key to another project of its organization, whose models and caps bind it from then on."""

from django.db import connection, transaction
from django.utils.translation import gettext as _

from accounts import audit
from accounts.access import Caller
from accounts.errors import InvalidField, NotFound, WiderKey
from accounts.keys import CHANNEL
from accounts.models import ApiKey, Project
from accounts.roles import Power


@transaction.atomic
def move_key(caller: Caller, key: ApiKey, project: Project) -> ApiKey:
    """In force everywhere within 5 s. Calls made before, and those under way, stay with the project before.

    Both must be of the caller's organization; a key moves no key, as its reach is its own project. Raises
    RoleNotAllowed, WiderKey, NotFound for a key that is revoked or not theirs, InvalidField.
    """
    caller.require(Power.KEYS)
    if caller.key is not None:
        raise WiderKey("project")
    mine = ApiKey.objects.select_for_update(of=("self",)).select_related("project")
    found = mine.filter(pk=key.pk, project__organization=caller.organization, revoked_at=None).first()
    if found is None:
        raise NotFound
    if project.organization_id != caller.organization.pk or project.archived_at is not None:
        raise InvalidField("project", _("There is no such project."))
    before = found.project
    if before.pk != project.pk:
        found.project = project
        found.save(update_fields=["project"])
        audit.note(
            caller,
            "key.project",
            found.api_id,
            before={"project": before.api_id},
            after={"project": project.api_id},
        )
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, bytes(found.digest).hex()])
    return found
