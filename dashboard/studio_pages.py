"""Studio: the page where people try models, and the token that their browser calls with."""

from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.csp import CSP
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csp import csp_override
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_POST

from accounts.access import Caller, find_caller_project, signed_in_caller
from accounts.errors import AccountSuspended, MissingKey, NotFound
from accounts.models import User
from accounts.roles import Power
from accounts.studio import LIFE, issue_token
from dashboard.people import page_caller
from dashboard.shop import MODALITIES
from dashboard.studio import STARTERS, page_data
from dashboard.views import private

# Results are shown out of the browser's own memory.
_SHOWN: Final = [CSP.SELF, "data:", "blob:"]
_CSP: Final[dict[str, Any]] = {**settings.SECURE_CSP, "img-src": _SHOWN, "media-src": _SHOWN}
_MODES: Final = ("chat", "image", "video", "embedding", "speech", "transcription")


@csp_override(_CSP)
@private("GET", "HEAD")
def studio(request: HttpRequest) -> HttpResponse:
    """The page; a viewer reads why it isn't for them."""
    caller = page_caller(request)
    context = {
        "data": page_data(caller),
        "projects": caller.projects(),
        "modes": [(mode, MODALITIES[mode]) for mode in _MODES],
        "starters": STARTERS,
    }
    return render(request, "dashboard/studio.html", context)


@never_cache
@require_POST
@sensitive_variables("plain")
def token(request: HttpRequest) -> HttpResponseBase:
    """A bearer token for the project `project` (proj_…) of the caller's organization; JSON in every case.

    401 for nobody, 403 for a viewer and a suspended organization, 404 for a foreign project.
    """
    try:
        caller = signed_in_caller(request)
        if not caller.may(Power.CALL):
            return _refusal(
                403, "role_not_allowed", _("Your role in this organization only allows to look on.")
            )
        plain = _issued(caller, request)
    except MissingKey:
        return _refusal(401, "signed_out", _("You are signed out. Sign in again."))
    except NotFound:
        return _refusal(404, "not_found", _("There is no such project."))
    except AccountSuspended:
        return _refusal(403, "account_suspended", _("This account is suspended. Write to us."))
    return JsonResponse({"token": plain, "expires_in": int(LIFE.total_seconds())})


def _issued(caller: Caller, request: HttpRequest) -> str:
    project = find_caller_project(caller, request.POST.get("project", ""))
    assert isinstance(caller.user, User)
    return issue_token(caller.user, project, request.session.session_key)


def _refusal(status: int, code: str, message: str) -> JsonResponse:
    return JsonResponse({"error": {"code": code, "message": message}}, status=status)
