"""What has just been done, told with a button that takes it back, where that is one more deed of ours."""

from collections.abc import Sequence

from django.contrib import messages
from django.http import HttpRequest
from django.template.loader import render_to_string


def told(request: HttpRequest, text: str, address: str, fields: Sequence[tuple[str, str]] = ()) -> None:
    """A message on the next page; its button posts the fields to the address, which asks who may, as ever.

    fields: pairs of name and value.
    """
    context = {"text": text, "address": address, "fields": fields}
    messages.success(request, render_to_string("components/undo.html", context, request))
