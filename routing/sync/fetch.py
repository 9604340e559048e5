"""Reads a provider's list over HTTP: blocking, bounded in time and size, and only where it was meant to go.

No redirect is followed. The name is resolved once, its addresses are looked at, and the connection goes to
one that was looked at, so that a name can't answer differently a moment later.
"""

import http.client
import ipaddress
import socket
import ssl
import time
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from routing.errors import ListRefused
from routing.sync.document import BYTES_MAX

_STEP_S: Final = 10  # for a connection, and for each piece of an answer
_WHOLE_S: Final = 60
_PIECE: Final = 64 * 1024
_FAILURES: Final = (OSError, http.client.HTTPException, ValueError)


def get(url: str, headers: Mapping[str, str], *, private: bool) -> bytes:
    """The body of a 200. private: addresses of our own networks are allowed. Raises ListRefused."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    deadline = time.monotonic() + _WHOLE_S
    connection = _Connection(host, _address(host, port, private=private), port, tls=parts.scheme == "https")
    asked = {"accept": "application/json", "accept-encoding": "identity", "user-agent": "CloudAPI"}
    try:
        connection.request(
            "GET", parts.path + (f"?{parts.query}" if parts.query else ""), headers=asked | dict(headers)
        )
        response = connection.getresponse()
        _check(response)
        return _body(response, deadline)
    except _FAILURES as error:
        # Its text could hold what was sent.
        raise ListRefused(f"{host} can't be read: {type(error).__name__}") from None
    finally:
        connection.close()


class _Connection(http.client.HTTPConnection):
    """To an address that was chosen before; the certificate has to be the name's."""

    def __init__(self, host: str, address: str, port: int, *, tls: bool) -> None:
        super().__init__(host, port, timeout=_STEP_S)
        self._address = address
        self._tls = ssl.create_default_context() if tls else None

    def connect(self) -> None:
        plain = socket.create_connection((self._address, self.port), _STEP_S)
        try:
            self.sock = self._tls.wrap_socket(plain, server_hostname=self.host) if self._tls else plain
        except (OSError, ValueError):
            plain.close()
            raise


def _address(host: str, port: int, *, private: bool) -> str:
    """Where the name leads; no address of it may be private unless that is allowed. Raises ListRefused."""
    try:
        found = [str(row[4][0]) for row in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    except (OSError, UnicodeError):
        raise ListRefused(f"{host} has no address") from None
    if not private and not all(is_public(address) for address in found):
        raise ListRefused(f"{host} is an address of a private network")
    return found[0]


def is_public(address: str) -> bool:
    """Whether it is one of the internet's, also behind IPv6's ways to write an IPv4 address."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour
        if inner is not None or ip in _NAT64:
            ip = inner or ipaddress.IPv4Address(int(ip) & 0xFFFF_FFFF)
    return ip.is_global and not ip.is_multicast


_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")


def _check(response: http.client.HTTPResponse) -> None:
    """Raises ListRefused for what isn't a list as it was asked for."""
    if 300 <= response.status < 400:
        raise ListRefused(f"it answers {response.status}, a redirect, which is not followed")
    if response.status != 200:
        raise ListRefused(f"it answers {response.status}")
    kind = response.headers.get_content_type()
    if kind != "application/json":
        raise ListRefused(f"it answers with '{kind[:60]}' instead of JSON")
    if response.getheader("content-encoding", "identity").lower() != "identity":
        raise ListRefused("it answers compressed, which was not asked for")
    if (response.length or 0) > BYTES_MAX:
        raise ListRefused(_TOO_LARGE)


_TOO_LARGE: Final = f"the list is larger than {BYTES_MAX // 1024 // 1024} MB"


def _body(response: http.client.HTTPResponse, deadline: float) -> bytes:
    data = bytearray()
    while piece := response.read1(_PIECE):
        data += piece
        if len(data) > BYTES_MAX:
            raise ListRefused(_TOO_LARGE)
        if time.monotonic() > deadline:
            raise ListRefused(f"it takes longer than {_WHOLE_S} s")
    if response.length:
        raise ListRefused("the answer was cut off")
    return bytes(data)
