"""Builders of people and of the browsers that they use."""

from django.test import Client

from accounts.models import Membership, Organization, Project, Role, User
from accounts.signup import open_account

PASSWORD = "correct horse battery staple"


def person(name: str) -> User:
    return open_account(email=f"{name}@accounts.example", password=PASSWORD, verified=True)


def join(user: User, organization: Organization, role: Role) -> User:
    Membership.objects.create(organization=organization, user=user, role=role)
    return user


def home(user: User) -> Organization:
    return Organization.objects.get(owner=user, is_personal=True)


def project(user: User) -> Project:
    return Project.objects.get(organization=home(user), is_default=True)


def signed_in(user: User, **options) -> Client:
    client = Client(**options)
    client.force_login(user)
    return client


def working_in(user: User, organization: Organization) -> Client:
    client = signed_in(user)
    session = client.session
    session["organization_id"] = organization.pk
    session.save()
    return client
