"""What people changed in their organizations."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.key import ApiKey
from accounts.models.organization import Organization
from accounts.models.people import User


class Deed(models.TextChoices):
    """What can be done to an organization and what it has."""

    ORGANIZATION_CREATE = "organization.create", _("organization made")
    ORGANIZATION_NAME = "organization.name", _("organization renamed")
    ORGANIZATION_OWNER = "organization.owner", _("organization handed over")
    MEMBER_INVITE = "member.invite", _("member invited")
    MEMBER_INVITE_AGAIN = "member.invite_again", _("invitation sent again")
    MEMBER_UNINVITE = "member.uninvite", _("invitation withdrawn")
    MEMBER_JOIN = "member.join", _("member joined")
    MEMBER_ROLE = "member.role", _("role of a member changed")
    MEMBER_REMOVE = "member.remove", _("member removed")
    MEMBER_LEAVE = "member.leave", _("member left")
    PROJECT_CREATE = "project.create", _("project made")
    PROJECT_CHANGE = "project.change", _("project changed")
    PROJECT_DEFAULT = "project.default", _("default project chosen")
    PROJECT_ARCHIVE = "project.archive", _("project archived")
    PROJECT_RESTORE = "project.restore", _("project taken out of the archive")
    KEY_PROJECT = "key.project", _("key moved to another project")
    CONTENT_LOG_ON = "content_log.on", _("keeping of content turned on")
    CONTENT_LOG_ROTATE = "content_log.rotate", _("new key for content")
    CONTENT_LOG_OFF = "content_log.off", _("keeping of content turned off")
    CONTENT_LOG_DAYS = "content_log.days", _("days of content changed")
    CONTENT_LOG_DELETE = "content_log.delete", _("all content deleted")
    CONTENT_LOG_DELETE_CALL = "content_log.delete_call", _("content of a call deleted")


class AuditEntry(models.Model):
    """Who changed what, from what to what. Written in accounts/audit.py only, and never changed.

    `subject` is the public id of what was changed; before and after have its plain values, never a secret.
    """

    organization = models.ForeignKey(
        Organization, models.PROTECT, related_name="+", verbose_name=_("organization")
    )
    user = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("person"))
    key = models.ForeignKey(ApiKey, models.PROTECT, null=True, related_name="+", verbose_name=_("API key"))
    deed = models.CharField(_("deed"), max_length=40, choices=Deed)
    subject = models.CharField(_("changed"), max_length=60)
    before = models.JSONField(_("before"), default=dict)
    after = models.JSONField(_("after"), default=dict)
    at = models.DateTimeField(_("time"), default=timezone.now)

    class Meta:
        verbose_name = _("change by a customer")
        verbose_name_plural = _("changes by customers")
        ordering = ["-id"]
        indexes = [models.Index(fields=["organization", "subject", "-id"], name="audit_of_subject")]

    def __str__(self) -> str:
        return f"{self.get_deed_display()} {self.subject}"
