"""Letters about belonging to an organization: to one person, at once, whatever they said of notices.

Each is written in its reader's language and goes out after the change is committed. One that can't be sent is
logged without its address; whoever caused it is told, and can have it sent again.
"""

import logging
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.models import Invitation, Organization, Role, User

log = logging.getLogger(__name__)

PEOPLE: Final = "/dashboard/members"


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What templates/mail/letter.html shows."""

    title: str
    text: str
    href: str = ""
    label: str = ""
    note: str = ""


def invite(invitation: Invitation, token: str) -> bool:
    """The link to join, in the language that was chosen for it; False if it couldn't be sent."""
    with translation.override(invitation.language or settings.LANGUAGE_CODE):
        said = {
            "who": str(invitation.invited_by or invitation.organization.name),
            "name": invitation.organization.name,
            "role": Role(invitation.role).label,
        }
        letter = Letter(
            title=_("You are invited to “%(name)s” at CloudAPI") % said,
            text=_("%(who)s invites you to work in “%(name)s” as: %(role)s. The link works once, for 7 days.")
            % said,
            href=f"{settings.SITE_URL}/invitations/{token}",
            label=_("Look at the invitation"),
            note=_("If you don't know who this is, ignore this message: nothing happens without you."),
        )
        return _send(invitation.email, letter)


def handed_over(organization: Organization, giver: User, taker: User) -> bool:
    """To both sides of a change of ownership; False if one of them couldn't be told."""
    said = {"name": organization.name, "giver": giver.email, "taker": taker.email}
    told = []
    for user in (giver, taker):
        with translation.override(user.language or settings.LANGUAGE_CODE):
            title = _("“%(name)s” has a new owner") % said
            text = _("%(giver)s has handed “%(name)s” over to %(taker)s, who now decides about it.") % said
            note = _("If you know nothing of this, answer this message at once.")
            told.append(_send(user.email, _to_members(title, text, note)))
    return all(told)


def role_changed(organization: Organization, user: User, role: str) -> bool:
    """To whom it concerns."""
    with translation.override(user.language or settings.LANGUAGE_CODE):
        said = {"name": organization.name, "role": Role(role).label}
        text = _("In “%(name)s” your role now is: %(role)s.") % said
        return _send(user.email, _to_members(_("Your role in “%(name)s” has changed") % said, text))


def removed(organization: Organization, user: User) -> bool:
    """To whoever was taken out by somebody else."""
    with translation.override(user.language or settings.LANGUAGE_CODE):
        said = {"name": organization.name}
        title = _("You are no longer a member of “%(name)s”") % said
        text = _("An owner or administrator has removed you from “%(name)s”. Your own account stays.") % said
        return _send(user.email, Letter(title=title, text=text))


def _to_members(title: str, text: str, note: str = "") -> Letter:
    return Letter(
        title=title, text=text, href=settings.SITE_URL + PEOPLE, label=_("Open the dashboard"), note=note
    )


def _send(address: str, letter: Letter) -> bool:
    # A header has one line; names of organizations are people's own words.
    subject = " ".join(letter.title.split())
    plain = "\n\n".join(filter(None, (letter.text, letter.href, letter.note, f"CloudAPI\n{_host()}")))
    shown = {name: getattr(letter, name) for name in ("title", "text", "href", "label", "note")}
    page = render_to_string("mail/letter.html", shown | {"current_site": {"domain": _host()}})
    message = EmailMultiAlternatives(subject, plain, to=[address])
    message.attach_alternative(page, "text/html")
    try:
        message.send()
    except OSError as error:  # smtplib's errors among them
        log.warning("a letter can't be sent: %s", type(error).__name__)
        return False
    return True


def _host() -> str:
    return urlsplit(settings.SITE_URL).netloc
