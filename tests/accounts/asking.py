"""Asking `/api/keys`, and reading its refusals."""

import json

from django.test import Client

from accounts.keys import create_key

from .people import project


def manager(user, **limits):
    """A client that identifies itself by a key with `manage`, and that key."""
    limits = {"scopes": ["inference", "manage"], **limits}
    key, plain = create_key(project=project(user), name="Manager", created_by=user, **limits)
    return Client(headers={"authorization": f"Bearer {plain}"}), key


def post(client, **body):
    return client.post("/api/keys", json.dumps(body), content_type="application/json")


def refused(answer, status, code, param=None):
    body = answer.json()
    assert (answer.status_code, body["error"]["code"]) == (status, code), body
    assert body["type"] == "error"
    assert body["error"].keys() >= {"message", "type", "param", "code"}
    assert body["error"]["param"] == param
    assert body["request_id"] == answer.headers.get("x-request-id", body["request_id"])
    return body


def normalized(answer):
    return answer.status_code, {name: value for name, value in answer.json().items() if name != "request_id"}
