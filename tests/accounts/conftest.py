"""Alice owns an organization, Bob another one, Charlie is a viewer in Alice's."""

import pytest
from django.test import Client

from accounts.models import Membership, Organization, Project, Role, User
from accounts.signup import open_account

PASSWORD = "correct horse battery staple"


@pytest.fixture(autouse=True)
def quick_passwords(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def alice(db) -> User:
    return open_account(email="alice@accounts.example", password=PASSWORD, verified=True)


@pytest.fixture
def bob(db) -> User:
    return open_account(email="bob@accounts.example", password=PASSWORD, verified=True)


@pytest.fixture
def charlie(alice) -> User:
    charlie = open_account(email="charlie@accounts.example", password=PASSWORD, verified=True)
    Membership.objects.create(organization=home(alice), user=charlie, role=Role.VIEWER)
    return charlie


def home(user: User) -> Organization:
    return Organization.objects.get(owner=user, is_personal=True)


def project(user: User) -> Project:
    return Project.objects.get(organization=home(user), is_default=True)


def signed_in(user: User, **options) -> Client:
    client = Client(**options)
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def working_in(user: User, organization: Organization) -> Client:
    client = signed_in(user)
    session = client.session
    session["organization_id"] = organization.pk
    session.save()
    return client
