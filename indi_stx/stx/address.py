"""Check the address of a camera."""

from __future__ import annotations

import ipaddress
import re

from indi_stx.errors import ValueRefused

_HOST = re.compile(r"[^\s/?#@:\[\]%\\]+")


def check_address(host: str, port: int) -> None:
    """Raise ValueRefused unless a camera could be at `host` and `port`."""
    if not isinstance(host, str) or type(port) is not int:
        raise no_address(host, port)
    if not ((_HOST.fullmatch(host) or _is_ip(host)) and 0 < port < 65536):
        raise no_address(host, port)


def no_address(host: str, port: int) -> ValueRefused:
    """Return the error for an address that cannot be that of a camera."""
    return ValueRefused(
        f"{host!r}, port {port!r}, is not the address of a camera: give a name or an IP address, "
        "without http://, and a port, a number from 1 to 65535."
    )


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
