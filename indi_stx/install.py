"""Make an installed package known to the programs of this machine, or take that back.

Puts links to the two commands where indiserver and a shell look for them, the driver catalogue
where KStars and INDI Web Manager read it and, with --systemd, the units where systemd does. It
needs root for that, or a --prefix that you may write to.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from indi_stx.errors import InstallError

if TYPE_CHECKING:
    import argparse
    from importlib.metadata import PackagePath

COMMANDS = ("indi-stx", "indi_stx_ccd")
CATALOGUE = "indi_stx.xml"
UNITS = ("indi-stx@.service", "indi-stx-simulator.service")
SETTINGS, USER = "indi-stx.default", "indi-stx.sysusers"
DATA = Path("/var/lib/indi-stx")
DEBIAN_LIST = Path("/var/lib/dpkg/info/indi-stx.list")
MARK = "# Installed by `indi-stx install`.\n"
HIDDEN_FROM_UNITS = ("/home/", "/root/", "/run/user/")
"""What `ProtectHome=yes` hides."""


@dataclass(frozen=True)
class Places:
    """Where things go.

    Attributes:
        settings: the folder of files for `EnvironmentFile=`.
        users: the folder of files for systemd-sysusers.
    """

    commands: Path
    catalogue: Path
    units: Path
    settings: Path
    users: Path

    @classmethod
    def of(cls, prefix: Path | None) -> Places:
        """Return those under a prefix; without one, those where programs look."""
        if prefix is None:
            # KStars and INDI Web Manager read catalogues from /usr/share/indi and nowhere else.
            return cls(
                Path("/usr/local/bin"),
                Path("/usr/share/indi"),
                Path("/etc/systemd/system"),
                Path("/etc/default"),
                Path("/etc/sysusers.d"),
            )
        prefix = prefix.absolute()
        etc = Path("/etc") if prefix == Path("/usr") else prefix / "etc"
        return cls(
            prefix / "bin",
            prefix / "share" / "indi",
            prefix / "lib" / "systemd" / "system",
            etc / "default",
            prefix / "lib" / "sysusers.d",
        )


class Kind(Enum):
    """What an item is, and so how it is told from what somebody else has put in its place."""

    LINK = "link"
    FILE = "file"
    SETTINGS = "settings"


@dataclass(frozen=True)
class Item:
    """One thing to install; `content` is the target of a link, or the text of a file."""

    kind: Kind
    path: Path
    content: str

    def is_ours(self) -> bool:
        """Return whether what is there was put there by this command, or an older version of it."""
        if self.kind is Kind.LINK:
            return self.path.is_symlink() and self.path.readlink().name == self.path.name
        if not self.path.is_file() or self.path.is_symlink():
            return False
        text = self.path.read_text(errors="replace")
        if self.kind is Kind.SETTINGS:
            return text == self.content
        return text == self.content or MARK in text or ">indi_stx_ccd</driver>" in text

    def is_done(self) -> bool:
        """Return whether nothing is left to do."""
        if self.kind is Kind.LINK:
            return self.path.is_symlink() and str(self.path.readlink()) == self.content
        return self.path.is_file() and (
            self.kind is Kind.SETTINGS or self.path.read_text(errors="replace") == self.content
        )

    def check(self) -> None:
        """Raise InstallError when something that is not ours is in its place."""
        there = self.path.exists() or self.path.is_symlink()
        if there and self.kind is not Kind.SETTINGS and not self.is_ours():
            raise InstallError(f"{self.path} is somebody else's; nothing was done. Move it away.")

    def put(self) -> None:
        """Install it, replacing one of ours at once."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        new = self.path.with_name(f".{self.path.name}.new")
        new.unlink(missing_ok=True)
        if self.kind is Kind.LINK:
            new.symlink_to(self.content)
        else:
            new.write_text(self.content)
            new.chmod(0o644)
        new.replace(self.path)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `indi-stx install`."""
    parser.add_argument("--systemd", action="store_true", help="install the units, too")
    add_common_arguments(parser)


def add_common_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options that `indi-stx uninstall` has as well."""
    parser.add_argument(
        "--prefix",
        type=Path,
        metavar="FOLDER",
        help="bin, share/indi and lib/systemd/system there, instead of /usr/local/bin, "
        "/usr/share/indi and /etc/systemd/system",
    )
    parser.add_argument("--dry-run", action="store_true", help="only say what would be done")


def run(args: argparse.Namespace) -> int:
    """Install, and return the exit status."""
    try:
        _install(args.prefix, args.systemd, args.dry_run)
    except InstallError as error:
        print(f"indi-stx install: {error}", file=sys.stderr)
        return 1
    return 0


def _install(prefix: Path | None, systemd: bool, dry_run: bool) -> None:
    check_no_debian_package(prefix)
    places = Places.of(prefix)
    items = [i for i in all_items(places, systemd) if not i.is_done()]
    for item in items:
        item.check()
    if not dry_run:
        check_writable([item.path for item in items])
    if systemd and prefix is None and sys.prefix.startswith(HIDDEN_FROM_UNITS):
        raise InstallError(
            f"A service sees no home folders, and this is installed in {sys.prefix}. Install it "
            "into /opt/indi-stx first, as README says."
        )
    for item in items:
        print(f"{item.path} -> {item.content}" if item.kind is Kind.LINK else str(item.path))
        if not dry_run:
            item.put()
    if not items:
        print("Everything is in place already.")
    if systemd and prefix is None and not dry_run:
        call("systemd-sysusers", str(places.users / "indi-stx.conf"))
        call("systemctl", "daemon-reload")
    if shutil.which("indiserver") is None:
        print("indiserver is missing: apt-get install indi-bin", file=sys.stderr)


def all_items(places: Places, systemd: bool) -> list[Item]:
    """Return everything that is installed."""
    found = {Path(file).name: Path(str(file.locate())).resolve() for file in _files()}
    items = []
    for name in COMMANDS:
        link = places.commands / name
        if link.is_symlink() or link != found[name]:  # else pip has put the command itself there
            items.append(Item(Kind.LINK, link, str(found[name])))
    items.append(Item(Kind.FILE, places.catalogue / CATALOGUE, found[CATALOGUE].read_text()))
    if systemd:
        items += [
            Item(Kind.FILE, places.units / name, rendered(found[name].read_text(), places))
            for name in UNITS
        ]
        settings, user = found[SETTINGS].read_text(), found[USER].read_text()
        items.append(Item(Kind.SETTINGS, places.settings / "indi-stx", settings))
        items.append(Item(Kind.FILE, places.users / "indi-stx.conf", MARK + user))
    return items


def rendered(unit: str, places: Places) -> str:
    """Return a unit with the paths of this installation."""
    for name in COMMANDS:
        unit = unit.replace(f"/usr/bin/{name}", str(places.commands / name))
    unit = unit.replace("/usr/bin/indiserver", shutil.which("indiserver") or "/usr/bin/indiserver")
    return MARK + unit.replace("/etc/default", str(places.settings))


def _files() -> list[PackagePath]:
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        files = distribution("indi_stx").files
    except PackageNotFoundError:
        files = None
    if not files:
        raise InstallError("It was not installed by pip or pipx: `pip install .` first.")
    return files


def check_no_debian_package(prefix: Path | None) -> None:
    """Raise InstallError when dpkg already has, or cares for, what would be installed."""
    if DEBIAN_LIST.exists() and prefix in (None, Path("/usr")):
        raise InstallError(
            "The Debian package indi-stx is installed, and everything is in its place. "
            "`apt-get remove indi-stx` removes it."
        )


def check_writable(paths: list[Path]) -> None:
    """Raise InstallError unless all of these files could be written."""
    for path in paths:
        folder = path.parent
        while not folder.exists():
            folder = folder.parent
        if not os.access(folder, os.W_OK):
            # sudo may know another PATH, so the command is given in full.
            again = " ".join([str(Path(sys.argv[0]).resolve()), *sys.argv[1:]])
            raise InstallError(f"{folder} belongs to root; nothing was done. Try: sudo {again}")


def call(*command: str) -> None:
    """Run a command of systemd's, where this machine has it; systemctl only where systemd runs."""
    if not shutil.which(command[0]):
        print(f"This machine has no systemd; not done: {' '.join(command)}")
    elif command[0] == "systemctl" and not Path("/run/systemd/system").exists():
        print(f"systemd does not run here; not needed now: {' '.join(command)}")
    else:
        subprocess.run(command, check=False)
