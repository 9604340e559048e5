"""IP addresses and CIDR networks of a key's allow-list. Pure: the gateway uses it too."""

from collections.abc import Iterable
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

type Address = IPv4Address | IPv6Address
type Network = IPv4Network | IPv6Network


def parse_network(text: str) -> Network:
    """A CIDR network or single address; host bits are refused, so that a typo can't widen a list.

    Raises ValueError.
    """
    network = ip_network(text.strip())
    if isinstance(network, IPv6Network) and network.network_address.ipv4_mapped is not None:
        raise ValueError(f"{text!r} is an IPv4-mapped network: write it as IPv4")
    return network


def parse_address(text: str) -> Address | None:
    """The caller's address, IPv4-mapped IPv6 unwrapped; None for anything else (a unix socket)."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def ip_allowed(address: str, networks: Iterable[str]) -> bool:
    """Whether the address lies in one of the networks. An empty list allows every address."""
    allowed = [ip_network(network) for network in networks]
    if not allowed:
        return True
    parsed = parse_address(address)
    return parsed is not None and any(parsed in network for network in allowed)


def within(children: Iterable[str], parents: Iterable[str]) -> bool:
    """Whether every child network lies inside a parent network. No parents: everything does."""
    outer = [ip_network(network) for network in parents]
    inner = [ip_network(network) for network in children]
    if not outer:
        return True
    return bool(inner) and all(any(_inside(child, parent) for parent in outer) for child in inner)


def _inside(child: Network, parent: Network) -> bool:
    if isinstance(child, IPv4Network):
        return isinstance(parent, IPv4Network) and child.subnet_of(parent)
    return isinstance(parent, IPv6Network) and child.subnet_of(parent)
