"""Allow-lists of addresses."""

import pytest

from accounts.addresses import ip_allowed, parse_network, within


@pytest.mark.parametrize(
    ("address", "networks", "allowed"),
    [
        ("203.0.113.9", [], True),
        ("203.0.113.9", ["203.0.113.0/24"], True),
        ("203.0.114.9", ["203.0.113.0/24"], False),
        ("::ffff:203.0.113.9", ["203.0.113.0/24"], True),
        ("2001:db8::1", ["2001:db8::/32"], True),
        ("fe80::1%eth0", ["fe80::/10"], True),
        ("2001:db9::1", ["2001:db8::/32", "10.0.0.0/8"], False),
        ("", ["10.0.0.0/8"], False),
        ("", [], True),
        ("not an address", ["0.0.0.0/0"], False),
    ],
)
def test_an_address_must_lie_in_one_of_the_networks(address, networks, allowed):
    assert ip_allowed(address, networks) is allowed


@pytest.mark.parametrize(
    ("children", "parents", "inside"),
    [
        ([], [], True),
        (["10.0.0.0/8"], [], True),
        ([], ["10.0.0.0/8"], False),
        (["10.1.0.0/16"], ["10.0.0.0/8"], True),
        (["10.0.0.0/7"], ["10.0.0.0/8"], False),
        (["10.1.0.0/16", "11.0.0.0/16"], ["10.0.0.0/8"], False),
        (["10.1.0.0/16", "2001:db8::/48"], ["10.0.0.0/8", "2001:db8::/32"], True),
        (["::/0"], ["0.0.0.0/0"], False),
    ],
)
def test_a_child_list_must_lie_inside_the_parent_list(children, parents, inside):
    assert within(children, parents) is inside


@pytest.mark.parametrize(
    "text", ["", "localhost", "10.0.0.1/8", "10.0.0.0/33", "::ffff:0:0/96", "10.0.0.0/8 ,"]
)
def test_what_is_not_a_network_is_refused(text):
    with pytest.raises(ValueError):
        parse_network(text)
