"""The operators' pages of the data plane."""

from proxy.admin.credentials import CredentialHealthAdmin
from proxy.admin.health import EndpointHealthAdmin
from proxy.admin.log import RequestAdmin, VideoJobAdmin

__all__ = ["CredentialHealthAdmin", "EndpointHealthAdmin", "RequestAdmin", "VideoJobAdmin"]
