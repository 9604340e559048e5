"""The button of a message that takes back what was just done."""

import re

from django.test import Client

FORM = re.compile(r'<form class="undo" method="post" action="([^"]*)">(.*?)</form>', re.S)
FIELD = re.compile(r'name="(\w+)" value="([^"]*)"')


def undone(client: Client, page: str) -> str:
    """Presses the button; the page that follows."""
    ((address, inside),) = FORM.findall(page)
    fields: dict[str, list[str]] = {}
    for name, value in FIELD.findall(inside):
        fields.setdefault(name, []).append(value)
    fields.pop("csrfmiddlewaretoken", None)
    return client.post(address, fields, follow=True).content.decode()
