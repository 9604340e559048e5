"""Which organization a person works in, and which key of a request counts."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import RequestFactory
from django.utils import timezone

from accounts.access import caller, membership, require_key
from accounts.errors import AccountSuspended, AmbiguousCredentials, MissingKey, MissingScope
from accounts.keyformat import new_key
from accounts.keys import create_key
from accounts.models import Membership, Organization, Project, User

from .people import PASSWORD, home, project


def asked(user=None, session=None, **headers):
    request = RequestFactory().get("/", headers=headers)
    request.user = user or AnonymousUser()
    request.session = session or {}
    return request


@pytest.mark.django_db
def test_nobody_has_no_organization():
    with pytest.raises(MissingKey):
        membership(asked())


def test_a_person_works_in_the_personal_organization_first(alice, charlie):
    assert membership(asked(charlie)).organization == home(charlie)
    assert membership(asked(charlie)).role == "owner"


def test_a_session_may_work_in_another_organization_of_the_person(alice, charlie):
    request = asked(charlie, {"organization_id": home(alice).pk})
    assert membership(request).organization == home(alice)
    assert membership(request).role == "viewer"


def test_a_session_can_not_name_a_foreign_organization(alice, bob):
    assert membership(asked(bob, {"organization_id": home(alice).pk})).organization == home(bob)


def test_a_user_made_by_a_command_gets_an_organization_on_the_first_visit(db):
    root = User.objects.create_superuser("root@accounts.example", PASSWORD)
    organization = membership(asked(root)).organization
    assert organization == home(root)
    assert Membership.objects.filter(user=root).count() == 1
    assert membership(asked(root)).organization == organization


def test_a_key_beats_the_session(alice, bob):
    _, plain = create_key(project=project(alice), name="x", scopes=["manage"])
    found = caller(asked(bob, authorization=f"Bearer {plain}"), "manage")
    assert (found.organization, found.role) == (home(alice), None)


@pytest.mark.parametrize("headers", [{"authorization": "Bearer {}"}, {"x-api-key": "{}"}])
def test_a_key_is_taken_from_either_header(alice, headers):
    key, plain = create_key(project=project(alice), name="x")
    request = asked(**{name: value.format(plain) for name, value in headers.items()})
    assert require_key(request, "inference") == key
    with pytest.raises(MissingScope):
        require_key(request, "manage")


def test_a_repeated_header_is_looked_at_whole(alice):
    _, plain = create_key(project=project(alice), name="x")
    # Django joins repeated headers with commas.
    assert require_key(asked(authorization=f"Bearer {plain},Bearer sk-x"), "inference")
    with pytest.raises(AmbiguousCredentials):
        require_key(asked(authorization=f"Bearer {plain}, Bearer {new_key()}"), "inference")


def test_a_suspended_organization_and_an_archived_project_have_no_working_keys(alice):
    _, plain = create_key(project=project(alice), name="x")
    request = asked(authorization=f"Bearer {plain}")
    Project.objects.filter(pk=project(alice).pk).update(archived_at=timezone.now())
    with pytest.raises(AccountSuspended):
        require_key(request, "inference")
    Project.objects.update(archived_at=None)
    Organization.objects.filter(pk=home(alice).pk).update(suspended_at=timezone.now())
    with pytest.raises(AccountSuspended):
        require_key(request, "inference")
