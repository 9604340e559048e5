"""Writing down what an organization has to be told, in the transaction of what has happened.

A notice is made once for each key, however often and by however many workers it is asked for; whom it goes
to, and by which way, is decided in that moment. billing/notices/post.py sends it.
"""

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from accounts.models import Membership, Role, TelegramChat, User
from accounts.roles import Power, may
from billing.models import Delivery, Medium, Notice, NoticeChoice, NoticeKind

KEPT: Final = timedelta(days=400)
_NO_FACTS: Final[Mapping[str, Any]] = {}


@transaction.atomic
def tell(
    org_id: int, kind: NoticeKind, key: str, facts: Mapping[str, Any], concerned: Collection[int] = ()
) -> bool:
    """Tell whoever of the organization wants to know; False if this key was told before.

    concerned: users who hear of it unless they said no, whatever their role.
    """
    notice, is_new = noted(org_id, kind, key, facts)
    if is_new:
        Delivery.objects.bulk_create(
            Delivery(notice=notice, user=user, channel=channel)
            for user, channel in _recipients(org_id, kind, concerned)
        )
    return is_new


def noted(org_id: int, kind: NoticeKind, key: str, facts: Mapping[str, Any]) -> tuple[Notice, bool]:
    """The notice of this key, and whether it is new. It goes to nobody by itself."""
    return Notice.objects.get_or_create(
        org_id=org_id, kind=kind, dedupe_key=key, defaults={"facts": dict(facts)}
    )


@transaction.atomic
def tell_one(
    org_id: int, user: User, kind: NoticeKind, key: str, facts: Mapping[str, Any] = _NO_FACTS
) -> bool:
    """Tell one person by every way that they didn't refuse; False if this key was told before."""
    notice, is_new = noted(org_id, kind, key, facts)
    if is_new:
        said = choices_of(user)
        chats = TelegramChat.objects.filter(user=user).exists()
        channels = [Medium.EMAIL, *([Medium.TELEGRAM] if chats else [])]
        Delivery.objects.bulk_create(
            Delivery(notice=notice, user=user, channel=name)
            for name in channels
            if said.get((kind, name), True)
        )
    return is_new


def forget_old() -> int:
    """Notices are kept for over a year, longer than any window but a lifetime; how many rows went.

    A lifetime's threshold may then be told once more, should its cap stand there for so long.
    """
    deleted, _ = Notice.objects.filter(created_at__lt=timezone.now() - KEPT).delete()
    return deleted


def wants(choices: Mapping[tuple[str, str], bool], kind: str, channel: str, role: str) -> bool:
    """A person's own word, else: owners and administrators want everything, all what they asked for."""
    return choices.get((kind, channel), kind == NoticeKind.PRICE or may(role, Power.MONEY))


def choices_of(user: User) -> dict[tuple[str, str], bool]:
    """What a person said, by (kind, channel)."""
    found = NoticeChoice.objects.filter(user=user).values_list("kind", "channel", "wanted")
    return {(kind, channel): wanted for kind, channel, wanted in found}


def choose(user: User, kind: str, channel: str, *, wanted: bool) -> None:
    """A person's word on one kind and channel."""
    NoticeChoice.objects.update_or_create(user=user, kind=kind, channel=channel, defaults={"wanted": wanted})


def _recipients(org_id: int, kind: NoticeKind, concerned: Collection[int]) -> list[tuple[User, str]]:
    members = Membership.objects.select_related("user").filter(organization_id=org_id, user__is_active=True)
    roles = {member.user: member.role for member in members}
    ids = [user.pk for user in roles]
    linked = set(TelegramChat.objects.filter(user__in=ids).values_list("user_id", flat=True))
    said: dict[int, dict[tuple[str, str], bool]] = {}
    for choice in NoticeChoice.objects.filter(user__in=ids, kind=kind):
        said.setdefault(choice.user_id, {})[choice.kind, choice.channel] = choice.wanted
    return [
        (user, channel)
        for user, role in roles.items()
        for channel in Medium.values
        if (channel != Medium.TELEGRAM or user.pk in linked)
        and wants(said.get(user.pk, {}), kind, channel, Role.OWNER if user.pk in concerned else role)
    ]
