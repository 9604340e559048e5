"""Where a person is signed in."""

from typing import ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.people import User


class SignIn(models.Model):
    """A browser that holds a session. Written, shown and ended in accounts/sessions.py only.

    No address is kept: a person knows their browsers by name and time.
    """

    user = models.ForeignKey(User, models.CASCADE, related_name="sign_ins")
    session_key = models.CharField(max_length=40, unique=True, editable=False)
    agent = models.CharField(_("browser"), max_length=300, blank=True)  # as it calls itself
    began_at = models.DateTimeField(_("signed in"), default=timezone.now)
    seen_at = models.DateTimeField(_("last seen"), default=timezone.now)

    class Meta:
        verbose_name = _("sign-in")
        verbose_name_plural = _("sign-ins")
        ordering: ClassVar[list[str]] = ["-seen_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.user_id} {self.began_at:%Y-%m-%d}"
