"""Where a camera is, as it is written on the command line."""

from __future__ import annotations

import argparse
from typing import NamedTuple
from urllib.parse import urlsplit

from indi_stx.errors import ValueRefused
from indi_stx.stx.address import check_address


class Address(NamedTuple):
    """Host and port of a camera."""

    host: str
    port: int = 80

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == 80 else f":{self.port}"
        return f"http://{host}{port}/"


def camera_address(text: str) -> Address:
    """Read `http://HOST[:PORT]`, with or without the `http://`; for argparse.

    Raises:
        argparse.ArgumentTypeError: it is no such address.
    """
    try:
        parts = urlsplit(text if "//" in text else f"//{text}")
        address = Address(parts.hostname or "", 80 if parts.port is None else parts.port)
        check_address(*address)
    except (ValueError, ValueRefused):
        raise not_an_address(text) from None
    if parts.scheme not in ("", "http") or parts.path.strip("/") or parts.query:
        raise not_an_address(text)
    return address


def not_an_address(text: str) -> argparse.ArgumentTypeError:
    """Return the error for a text that is no camera's address."""
    return argparse.ArgumentTypeError(
        f"{text!r} is no camera's address; write http://HOST or http://HOST:PORT"
    )
