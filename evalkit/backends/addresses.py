"""Which network addresses a source may have. Standard library only."""

from __future__ import annotations

import ipaddress
import socket

from evalkit.errors import CorpusError

__all__ = ["resolve"]

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_UNICAST = ipaddress.ip_network("2000::/3")
_SHARED = ipaddress.ip_network("100.64.0.0/10")
_CLOUDS = {"100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254", "fd20:ce::254"}
"""Where clouds hand out credentials beside 169.254.169.254."""


def resolve(host: str, port: int, *, private: bool) -> str:
    """Resolves a host to an address that may be connected to: the caller connects to it, and to no other.

    Args:
        host: a name or an address.
        port: where to.
        private: whether it may be on a private network or this machine. Link-local and other addresses where clouds
            hand out credentials never pass.

    Raises:
        CorpusError: where the host has no address, or any of its addresses may not be connected to.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise CorpusError(f"{host}: has no address ({error}); check the URL and the network") from error
    addresses = [str(entry[4][0]).partition("%")[0] for entry in found]
    for address in addresses:
        if not _allowed(ipaddress.ip_address(address), private=private):
            raise CorpusError(
                f"{host}: its address {address} is not a public one; sources are fetched from public addresses only; "
                "where this source is meant to be on a private network, set its allow_private: true"
            )
    return addresses[0]


def _allowed(address: ipaddress.IPv4Address | ipaddress.IPv6Address, *, private: bool) -> bool:
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return _allowed(inner, private=private)
    if address.is_link_local or address.is_multicast or address.is_unspecified or str(address) in _CLOUDS:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        return (address.is_global and address in _UNICAST) or (private and address.is_private)
    return address.is_global or (private and (address.is_private or address in _SHARED))
