"""Which addresses to look at: those of a network that was named, or those around this machine."""

from __future__ import annotations

import fcntl
import ipaddress
import socket
import struct
from collections.abc import Iterable, Iterator

from indi_stx.errors import ValueRefused

MOST_ADDRESSES = 1024
"""No more are looked at in one go; a /22."""
NARROWEST_PREFIX = 24
"""Of the network around an address of this machine, at most so much is looked at."""

Network = ipaddress.IPv4Network

# ioctl numbers and a flag of Linux, netdevice(7).
_SIOCGIFFLAGS, _SIOCGIFADDR, _SIOCGIFNETMASK = 0x8913, 0x8915, 0x891B
_IFF_UP, _IFF_LOOPBACK = 0x1, 0x8
_REQUEST_BYTES = 40


def network(text: str) -> Network:
    """Read `192.168.1.0/24`, or the address of one machine.

    Raises:
        ValueRefused: it is neither, or it has more than 1024 addresses.
    """
    try:
        found = ipaddress.IPv4Network(text.strip(), strict=False)
    except ValueError:
        raise ValueRefused(f"{text!r} is no network; write 192.168.1.0/24, for example") from None
    if found.num_addresses > MOST_ADDRESSES:
        raise ValueRefused(
            f"{text!r} has {found.num_addresses} addresses; {MOST_ADDRESSES} are looked at in one "
            "go at most, that is a /22"
        )
    return found


def own_networks() -> list[Network]:
    """Return the private networks that this machine is connected to, a /24 of each at most.

    A network with public addresses is somebody else's: it is only looked at when it is named.
    """
    found = (_around(*interface) for interface in _interfaces())
    return list(dict.fromkeys(one for one in found if one.is_private))


def hosts_of(networks: Iterable[Network]) -> list[str]:
    """Return the addresses of machines in the networks, each once."""
    return list(dict.fromkeys(str(host) for one in networks for host in one.hosts()))


def _around(address: str, netmask: str) -> Network:
    whole = ipaddress.IPv4Network(f"{address}/{netmask}", strict=False)
    prefix = max(whole.prefixlen, NARROWEST_PREFIX)
    return ipaddress.IPv4Network(f"{address}/{prefix}", strict=False)


def _interfaces() -> Iterator[tuple[str, str]]:
    """Yield address and netmask of every interface that is up and has an IPv4 address."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        for _, name in socket.if_nameindex():
            try:
                (flags,) = struct.unpack_from("H", _ask(any_socket, _SIOCGIFFLAGS, name), 16)
                if not flags & _IFF_UP or flags & _IFF_LOOPBACK:
                    continue
                address = _ask(any_socket, _SIOCGIFADDR, name)[20:24]
                netmask = _ask(any_socket, _SIOCGIFNETMASK, name)[20:24]
            except OSError:
                continue  # no IPv4 address
            yield socket.inet_ntoa(address), socket.inet_ntoa(netmask)


def _ask(any_socket: socket.socket, question: int, interface: str) -> bytes:
    request = interface.encode()[:15].ljust(_REQUEST_BYTES, b"\0")
    return fcntl.ioctl(any_socket, question, request)
