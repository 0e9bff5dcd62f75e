"""Take back what `indi-stx install` has put on this machine, and nothing else.

Removes the links, the catalogue and the units; services are stopped first. Configuration and frames
in /var/lib/indi-stx stay, and so does the user that they belong to. Do this before `pip uninstall`.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from indi_stx.errors import InstallError
from indi_stx.install import (
    DATA,
    Kind,
    Places,
    add_common_arguments,
    all_items,
    call,
    check_no_debian_package,
    check_writable,
)

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `indi-stx uninstall`."""
    add_common_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Uninstall, and return the exit status."""
    try:
        _uninstall(args.prefix, args.dry_run)
    except InstallError as error:
        print(f"indi-stx uninstall: {error}", file=sys.stderr)
        return 1
    return 0


def _uninstall(prefix: Path | None, dry_run: bool) -> None:
    check_no_debian_package(prefix)
    places = Places.of(prefix)
    items = all_items(places, systemd=True)
    ours = [item.path for item in items if item.is_ours()]
    if not dry_run:
        check_writable(ours)
        if prefix is None and any(path.parent == places.units for path in ours):
            for unit in _enabled_units(places):
                call("systemctl", "disable", unit)
            call("systemctl", "stop", "indi-stx@*.service", "indi-stx-simulator.service")
    for path in ours:
        print(f"removed {path}" if not dry_run else f"would remove {path}")
        if not dry_run:
            path.unlink()
    for item in items:
        if item.kind is Kind.SETTINGS and item.path.exists() and item.path not in ours:
            print(f"kept {item.path}, which has been changed")
    if not ours:
        print("Nothing of it is installed.")
    elif not dry_run and any(path.parent == places.units for path in ours) and prefix is None:
        call("systemctl", "daemon-reload")
        if DATA.exists():
            print(f"kept {DATA}, with configuration and frames, and the user indi-stx")


def _enabled_units(places: Places) -> list[str]:
    """Return the units of ours that systemd starts by itself."""
    return sorted({link.name for link in places.units.glob("*.wants/indi-stx*.service")})
