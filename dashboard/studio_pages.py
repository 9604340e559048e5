"""Studio: the page where people try models, and the token that their browser calls with."""

from django.http import HttpRequest, JsonResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_POST

from accounts.access import Caller, find_caller_project, signed_in_caller
from accounts.errors import AccountSuspended, MissingKey, NotFound
from accounts.models import User
from accounts.studio import LIFE, issue_token
from dashboard.people import may_write


@never_cache
@require_POST
@sensitive_variables("plain")
def token(request: HttpRequest) -> HttpResponseBase:
    """A bearer token for the project `project` (proj_…) of the caller's organization; JSON in every case.

    401 for nobody, 403 for a viewer and a suspended organization, 404 for a foreign project.
    """
    try:
        caller = signed_in_caller(request)
        if not may_write(caller):
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
