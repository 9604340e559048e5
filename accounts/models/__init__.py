"""Who is calling: users, organizations, projects and API keys.

The law of this app:
- A User signs in; an Organization pays; a Project groups keys; an ApiKey calls. Everything that
  costs money hangs on an organization, everything that is listed is reached through the caller's.
- The plain key exists once, in the answer that creates it. Here lives its HMAC under a pepper
  that the database doesn't know, so a dump alone verifies nothing.
- Organizations, projects and keys are never deleted: money rows name them without foreign keys.
- Two organizations are built in: `platform` (probes, an operator's test calls) and `anonymous`.
- A wallet is billing's; its absence is zero, so nothing here needs to know billing.
"""

from accounts.models.alert import Alert
from accounts.models.audit import AuditEntry, Deed
from accounts.models.invitation import Invitation
from accounts.models.key import ApiKey, Scope, default_scopes
from accounts.models.organization import (
    ANONYMOUS,
    PLATFORM,
    BillingDetails,
    Membership,
    Organization,
    Role,
)
from accounts.models.people import Clock, Language, LowerEmailField, User, UserManager
from accounts.models.project import ContentLog, LogKey, Project
from accounts.models.sign_in import SignIn
from accounts.models.studio import StudioToken
from accounts.models.telegram import TelegramChat, TelegramStart

__all__ = [
    "ANONYMOUS",
    "PLATFORM",
    "Alert",
    "ApiKey",
    "AuditEntry",
    "BillingDetails",
    "Clock",
    "Deed",
    "ContentLog",
    "Invitation",
    "Language",
    "LogKey",
    "LowerEmailField",
    "Membership",
    "Organization",
    "Project",
    "Role",
    "Scope",
    "SignIn",
    "StudioToken",
    "TelegramChat",
    "TelegramStart",
    "User",
    "UserManager",
    "default_scopes",
]
