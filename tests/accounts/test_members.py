"""Joining, roles, leaving and handing over: what is refused, what is written down."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts import invitations, members, organizations
from accounts.access import Caller
from accounts.errors import InvalidField, NotFound, PersonNeeded, RoleNotAllowed
from accounts.keys import create_key
from accounts.models import AuditEntry, Invitation, Membership, Organization, Role
from accounts.roles import POWERS

from .people import home, join, person, project

pytestmark = pytest.mark.django_db


def acting(user, organization=None):
    """The person as a caller of an organization, their own if none is named."""
    organization = organization or home(user)
    role = Membership.objects.get(organization=organization, user=user).role
    return Caller(organization=organization, user=user, role=role)


def member(user, organization):
    return Membership.objects.get(organization=organization, user=user)


def invited(alice, email="dora@accounts.example", role="developer"):
    return invitations.invite(acting(alice), email, role)


def test_an_invitation_lets_its_address_in_once(alice):
    invitation, token = invited(alice, " Dora@Accounts.Example ")
    dora = person("dora")
    assert invitations.find(token) == invitation
    assert invitations.accept(dora, invitation).role == "developer"
    with pytest.raises(NotFound):
        invitations.accept(dora, invitation)
    assert AuditEntry.objects.filter(organization=home(alice), user=dora, deed="member.join").exists()


def test_another_account_is_not_let_in(alice, bob):
    invitation, _ = invited(alice)
    with pytest.raises(RoleNotAllowed):
        invitations.accept(bob, invitation)
    assert not Membership.objects.filter(organization=home(alice), user=bob).exists()


def test_a_link_ends_after_seven_days_and_when_it_is_withdrawn_or_sent_again(alice):
    dora = person("dora")
    old, token = invited(alice)
    Invitation.objects.filter(pk=old.pk).update(
        expires_at=timezone.now() - timedelta(seconds=1), sent_at=timezone.now() - timedelta(days=8)
    )
    assert invitations.find(token).state == "expired"
    with pytest.raises(NotFound):
        invitations.accept(dora, old)
    anew, second = invitations.send_again(acting(alice), old)
    with pytest.raises(NotFound):
        invitations.find(token)
    assert invitations.find(second).state == "waiting"
    invitations.withdraw(acting(alice), anew)
    with pytest.raises(NotFound):
        invitations.accept(dora, anew)
    assert invitations.find(second).state == "withdrawn"


def test_two_letters_do_not_follow_each_other_at_once(alice):
    invitation, _ = invited(alice)
    with pytest.raises(InvalidField):
        invitations.send_again(acting(alice), invitation)


@pytest.mark.parametrize(
    ("email", "role"), [("no address", "viewer"), ("x@y.example", "owner"), ("x@y.example", "god")]
)
def test_nonsense_is_not_invited(alice, email, role):
    with pytest.raises(InvalidField):
        invited(alice, email, role)


def test_whoever_is_there_or_asked_already_is_not_asked_again(alice, charlie):
    invited(alice)
    for email in (charlie.email, "dora@accounts.example"):
        with pytest.raises(InvalidField):
            invited(alice, email)


def test_letters_to_strangers_are_few(alice, monkeypatch):
    monkeypatch.setattr(invitations, "DAILY_MAX", 2)
    for name in ("one", "two"):
        invited(alice, f"{name}@accounts.example")
    with pytest.raises(InvalidField):
        invited(alice, "three@accounts.example")


@pytest.mark.parametrize("role", ["viewer", "developer"])
def test_only_who_answers_for_members_invites(alice, role):
    eve = join(person("eve"), home(alice), role)
    with pytest.raises(RoleNotAllowed):
        invitations.invite(acting(eve, home(alice)), "x@y.example", "viewer")


def test_no_key_invites_or_removes(alice, charlie):
    key, _ = create_key(project=project(alice), name="Manager", scopes=["manage"])
    caller = Caller(organization=home(alice), key=key, user=alice)
    with pytest.raises(PersonNeeded):
        invitations.invite(caller, "x@y.example", "viewer")
    with pytest.raises(PersonNeeded):
        members.remove(caller, member(charlie, home(alice)))


def test_a_stranger_reaches_no_member_and_no_invitation(alice, bob, charlie):
    invitation, _ = invited(alice)
    for find, wanted in (
        (members.find_member, member(charlie, home(alice)).api_id),
        (invitations.find_invitation, invitation.api_id),
    ):
        with pytest.raises(NotFound):
            find(acting(bob), wanted)
    with pytest.raises(NotFound):
        members.remove(acting(bob), member(charlie, home(alice)))
    with pytest.raises(NotFound):
        invitations.withdraw(acting(bob), invitation)


def test_a_role_is_changed_and_written_down(alice, charlie):
    changed = members.change_role(acting(alice), member(charlie, home(alice)), "developer")
    assert changed.role == "developer"
    entry = AuditEntry.objects.get(organization=home(alice), deed="member.role")
    assert (entry.before, entry.after, entry.user) == ({"role": "viewer"}, {"role": "developer"}, alice)


def test_an_administrator_touches_no_owner_and_makes_none(alice, charlie):
    adam = acting(join(person("adam"), home(alice), "admin"), home(alice))
    with pytest.raises(RoleNotAllowed):
        members.change_role(adam, member(charlie, home(alice)), "owner")
    with pytest.raises(RoleNotAllowed):
        members.change_role(adam, member(alice, home(alice)), "viewer")
    with pytest.raises(RoleNotAllowed):
        members.remove(adam, member(alice, home(alice)))
    assert members.roles_to_give(adam) == ["viewer", "developer", "admin"]
    assert members.roles_to_give(acting(alice)) == list(POWERS)


def test_the_last_owner_stays(alice, charlie):
    owner = member(alice, home(alice))
    for deed in (
        lambda: members.leave(acting(alice)),
        lambda: members.remove(acting(alice), owner),
        lambda: members.change_role(acting(alice), owner, "viewer"),
    ):
        with pytest.raises(InvalidField):
            deed()
    assert member(alice, home(alice)).role == "owner"


def test_an_owner_who_leaves_another_one_behind_may_go(alice, charlie):
    organization = home(alice)
    members.change_role(acting(alice), member(charlie, organization), "owner")
    members.leave(acting(alice))
    organization.refresh_from_db()
    assert organization.owner == charlie and not organization.is_personal
    assert organization.verified_at is None
    assert list(organization.members.all()) == [charlie]


def test_keys_of_who_is_removed_go_on_unless_they_are_revoked_too(alice, charlie):
    kept, _ = create_key(project=project(alice), name="Of Charlie", created_by=charlie)
    other, _ = create_key(project=project(alice), name="Of Alice", created_by=alice)
    assert members.keys_made_by(member(charlie, home(alice))) == [kept]
    assert members.remove(acting(alice), member(charlie, home(alice)), revoke_keys=True) == 1
    kept.refresh_from_db()
    other.refresh_from_db()
    assert kept.revoked_at is not None and other.revoked_at is None


def test_handing_over_makes_an_owner_and_an_administrator(alice, charlie):
    organization = home(alice)
    members.hand_over(acting(alice), member(charlie, organization))
    organization.refresh_from_db()
    assert organization.owner == charlie and not organization.is_personal
    assert (member(charlie, organization).role, member(alice, organization).role) == ("owner", "admin")
    assert AuditEntry.objects.filter(organization=organization, deed="organization.owner").exists()
    with pytest.raises(RoleNotAllowed):
        members.hand_over(acting(alice, organization), member(charlie, organization))


def test_nobody_hands_over_to_themselves(alice):
    with pytest.raises(InvalidField):
        members.hand_over(acting(alice), member(alice, home(alice)))


def test_a_second_organization_has_a_project_an_owner_and_no_free_requests(alice):
    made = organizations.create(alice, "  Bazaar  ")
    assert (made.name, made.owner, made.is_personal, made.verified_at) == ("Bazaar", alice, False, None)
    assert member(alice, made).role == Role.OWNER
    assert made.projects.get().is_default


@pytest.mark.parametrize("name", ["", "   ", "two\nlines", "x" * 151])
def test_names_are_one_line(alice, name):
    with pytest.raises(InvalidField):
        organizations.create(alice, name)


def test_organizations_of_one_person_are_few(alice, monkeypatch):
    monkeypatch.setattr(organizations, "OWNED_MAX", 1)
    with pytest.raises(InvalidField):
        organizations.create(alice, "One more")


def test_only_an_owner_renames(alice):
    adam = join(person("adam"), home(alice), "admin")
    with pytest.raises(RoleNotAllowed):
        organizations.rename(acting(adam, home(alice)), "Adam's")
    organizations.rename(acting(alice), "Silk Road")
    assert Organization.objects.get(pk=home(alice).pk).name == "Silk Road"


def test_old_invitations_are_forgotten(alice):
    invitation, _ = invited(alice)
    assert invitations.forget_old() == 0
    Invitation.objects.filter(pk=invitation.pk).update(expires_at=timezone.now() - timedelta(days=91))
    assert invitations.forget_old() == 1
