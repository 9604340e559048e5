"""The one table of roles: complete, growing, and the one that the database and the gateway go by."""

import re
from pathlib import Path

import pytest

from accounts.access import Caller
from accounts.errors import PersonNeeded, RoleNotAllowed
from accounts.models import ApiKey, Organization, Role
from accounts.roles import POWERS, Power, may, powers, roles_with
from proxy import keys


def test_every_role_is_in_the_table_and_no_other():
    assert set(POWERS) == set(Role.values)


def test_a_higher_role_may_all_that_a_lower_one_may():
    held = list(POWERS.values())
    assert all(lower < higher for lower, higher in zip(held, held[1:], strict=False))
    assert POWERS["owner"] == set(Power)


def test_nobody_and_an_unknown_role_may_nothing():
    assert not any(may(role, power) for role in (None, "", "god") for power in Power)
    assert set(powers(None).values()) == {False}


def test_who_lacks_the_role_is_refused():
    viewer = Caller(organization=Organization(), role="viewer")
    with pytest.raises(RoleNotAllowed):
        viewer.require(Power.KEYS)
    Caller(organization=Organization(), role="developer").require(Power.KEYS)


def test_a_key_is_no_person():
    key = Caller(organization=Organization(), key=ApiKey())
    key.require(Power.BUDGETS)
    with pytest.raises(PersonNeeded):
        key.require_person(Power.MEMBERS)


def test_the_gateway_lets_the_same_roles_call_in_studio():
    """Its look-up is one statement, so the roles stand there by name."""
    listed = re.search(r"m\.role IN \(([^)]*)\)", Path(keys.__file__).read_text())
    assert listed is not None
    assert set(re.findall(r"'(\w+)'", listed[1])) == roles_with(Power.CALL)
