"""Who shares a rate window with whom."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.anonymous import network


@pytest.mark.parametrize(
    ("ip", "shares"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", "unknown"),
        ("unix:", "unknown"),
        ("203.0.113.7:80", "unknown"),
        ("' OR 1=1", "unknown"),
    ],
)
def test_an_address_counts_by_its_network(ip: str, shares: str) -> None:
    assert network(ip) == shares


@given(st.ip_addresses(v=6).filter(lambda ip: ip.ipv4_mapped is None), st.integers(0, 2**64 - 1))
def test_all_addresses_of_a_64_share(ip, low: int) -> None:
    neighbour = type(ip)((int(ip) >> 64 << 64) | low)
    assert network(str(ip)) == network(str(neighbour)) or neighbour.ipv4_mapped is not None


@given(st.text(max_size=60))
def test_nothing_that_a_proxy_may_send_breaks_it(ip: str) -> None:
    assert len(network(ip)) <= 43
