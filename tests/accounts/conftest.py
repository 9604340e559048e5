"""Alice owns an organization, Bob another one, Charlie is a viewer in Alice's."""

from importlib import import_module

import pytest


def people():
    """By name: this file may be read before Django is ready, and models can't be."""
    return import_module("tests.accounts.people")


@pytest.fixture(autouse=True)
def quick_passwords(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def alice(db):
    return people().person("alice")


@pytest.fixture
def bob(db):
    return people().person("bob")


@pytest.fixture
def charlie(alice):
    return people().join(people().person("charlie"), people().home(alice), "viewer")
