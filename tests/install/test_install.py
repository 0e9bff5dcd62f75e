"""`indi-stx install` and `uninstall`, into a folder as prefix."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from indi_stx import cli, install
from indi_stx.install import Places
from tests.harness.servers import indiserver
from tests.harness.wire_client import unix_client

ROOT = Path(__file__).parents[2]
EVERYTHING = {
    "bin/indi-stx",
    "bin/indi_stx_ccd",
    "share/indi/indi_stx.xml",
    "lib/systemd/system/indi-stx@.service",
    "lib/systemd/system/indi-stx-simulator.service",
    "lib/sysusers.d/indi-stx.conf",
    "etc/default/indi-stx",
}


def there(prefix: Path) -> set[str]:
    return {str(p.relative_to(prefix)) for p in prefix.rglob("*") if p.is_symlink() or p.is_file()}


def installed(prefix: Path, *options: str) -> int:
    return cli.main(["install", "--prefix", str(prefix), *options])


def uninstalled(prefix: Path, *options: str) -> int:
    return cli.main(["uninstall", "--prefix", str(prefix), *options])


def test_what_is_installed_and_that_all_of_it_goes_again(tmp_path: Path) -> None:
    assert installed(tmp_path) == 0
    assert there(tmp_path) == {n for n in EVERYTHING if n.startswith(("bin/", "share/"))}
    assert installed(tmp_path, "--systemd") == 0
    assert there(tmp_path) == EVERYTHING
    assert uninstalled(tmp_path) == 0
    assert there(tmp_path) == set()


def test_the_catalogue_and_the_commands_are_those_of_this_package(tmp_path: Path) -> None:
    installed(tmp_path)
    catalogue = tmp_path / "share" / "indi" / "indi_stx.xml"
    assert catalogue.read_text() == (ROOT / "xml" / "indi_stx.xml").read_text()
    version = subprocess.run(
        [tmp_path / "bin" / "indi-stx", "--version"], capture_output=True, text=True, check=True
    )
    assert version.stdout.startswith("indi-stx ")


async def test_indiserver_finds_the_driver_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed(tmp_path)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:/usr/bin:/bin")
    with indiserver(tmp_path / "home", ["indi_stx_ccd"]) as server:
        async with unix_client(server.socket_path) as client:
            await client.ask()
            await client.defined("CONNECTION")


def test_a_dry_run_says_all_and_does_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert installed(tmp_path, "--systemd", "--dry-run") == 0
    assert there(tmp_path) == set()
    said = capsys.readouterr().out
    assert all(str(tmp_path / name) in said for name in EVERYTHING)
    installed(tmp_path, "--systemd")
    assert uninstalled(tmp_path, "--dry-run") == 0
    assert there(tmp_path) == EVERYTHING


def test_installing_again_mends_and_updates(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    installed(tmp_path, "--systemd")
    unit = tmp_path / "lib" / "systemd" / "system" / "indi-stx@.service"
    new = unit.read_text()
    unit.write_text(f"{install.MARK}[Unit]\nDescription=an older version\n")
    link = tmp_path / "bin" / "indi_stx_ccd"
    link.unlink()
    link.symlink_to("/gone/bin/indi_stx_ccd")
    (tmp_path / "share" / "indi" / "indi_stx.xml").unlink()
    assert installed(tmp_path, "--systemd") == 0
    assert unit.read_text() == new
    assert link.exists()
    assert there(tmp_path) == EVERYTHING
    capsys.readouterr()
    assert installed(tmp_path, "--systemd") == 0
    assert "in place already" in capsys.readouterr().out


def test_settings_that_were_changed_are_kept(tmp_path: Path) -> None:
    installed(tmp_path, "--systemd")
    settings = tmp_path / "etc" / "default" / "indi-stx"
    settings.write_text("INDI_PORT=7625\n")
    installed(tmp_path, "--systemd")
    uninstalled(tmp_path)
    assert there(tmp_path) == {"etc/default/indi-stx"}
    assert settings.read_text() == "INDI_PORT=7625\n"


@pytest.mark.parametrize(
    "name", ["bin/indi_stx_ccd", "share/indi/indi_stx.xml", "lib/systemd/system/indi-stx@.service"]
)
def test_what_somebody_else_has_put_there_stays(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    other = tmp_path / name
    other.parent.mkdir(parents=True)
    other.write_text("something else")
    assert installed(tmp_path, "--systemd") == 1
    assert str(other) in capsys.readouterr().err
    assert there(tmp_path) == {name}
    assert uninstalled(tmp_path) == 0
    assert other.read_text() == "something else"


def test_units_name_the_commands_of_the_prefix_and_its_settings(tmp_path: Path) -> None:
    installed(tmp_path, "--systemd")
    unit = (tmp_path / "lib" / "systemd" / "system" / "indi-stx@.service").read_text()
    assert f" {tmp_path}/bin/indi_stx_ccd " in unit
    assert f"EnvironmentFile=-{tmp_path}/etc/default/indi-stx\n" in unit
    assert "/usr/bin/indi_stx_ccd" not in unit


def test_without_root_it_says_how(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(install.os, "access", lambda path, mode: False)
    monkeypatch.setattr(sys, "argv", ["/home/me/.local/bin/indi-stx", "install"])
    assert installed(tmp_path / "new") == 1
    said = capsys.readouterr().err
    assert f"{tmp_path} belongs to root" in said
    assert "sudo /home/me/.local/bin/indi-stx install" in said
    assert there(tmp_path) == set()


def test_a_service_cannot_start_what_is_in_a_home_folder(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "prefix", "/home/me/venv")
    monkeypatch.setattr(install, "check_writable", lambda paths: None)
    monkeypatch.setattr(install, "DEBIAN_LIST", Path("/nowhere"))
    assert cli.main(["install", "--systemd", "--dry-run"]) == 1
    assert "/opt/indi-stx" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["install", "uninstall"])
def test_the_debian_package_cares_for_itself(
    command: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    listed = tmp_path / "indi-stx.list"
    listed.touch()
    monkeypatch.setattr(install, "DEBIAN_LIST", listed)
    assert cli.main([command]) == 1
    assert "apt-get remove indi-stx" in capsys.readouterr().err


def test_the_places_where_programs_look() -> None:
    places = Places.of(None)
    assert places.catalogue == Path("/usr/share/indi")
    assert places.commands == Path("/usr/local/bin")
    assert places.units == Path("/etc/systemd/system")
    assert Places.of(Path("/usr")).settings == Path("/etc/default")
