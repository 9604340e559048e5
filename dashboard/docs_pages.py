"""Documentation for customers that isn't the API's own: how prices by electricity work."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe


@require_safe
def energy(request: HttpRequest) -> HttpResponse:
    """What a call to a hosted model pays and where it is answered."""
    return render(request, "site/energy_docs.html", {"api_base_url": settings.API_BASE_URL})
