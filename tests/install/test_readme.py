"""README's blocks of commands, word by word, as a new user types them in clean systems.

Blocks marked `sh` are one story, from the installation to several cameras, told in a Debian 12 that
runs systemd. A word behind that names another way (`sh pipx`, `sh deb`), or what comes at its end.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.harness.debian import ROOT, Debian

pytestmark = [pytest.mark.machine, pytest.mark.timeout(1500)]

BLOCK = re.compile(r"^```sh *(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
USER = """
    useradd --create-home --shell /bin/bash --groups adm,sudo observer
    echo 'observer ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/observer
    printf '127.0.0.1 localhost dome.example %s\\n' "$(hostname)" > /etc/hosts
    chown -R observer: /repository
    ln -s /repository/as_observer /usr/local/sbin/as_observer
    chmod +x /repository/as_observer
"""
AS_OBSERVER = """#!/bin/sh
cd /home/observer
exec env HOME=/home/observer INDI_STX=/repository/indi_stx runuser -u observer -- bash -exu "$1"
"""


def blocks(kind: str = "") -> list[str]:
    """Return the blocks of one kind, in order."""
    text = (ROOT / "README.md").read_text()
    return [body for name, body in BLOCK.findall(text) if name == kind]


def a_system(suite: str, folder: Path, *packages: str) -> Debian:
    """Make a system with a user who may become root, and with this repository to be cloned."""
    debian = Debian(suite, folder, ["ca-certificates", "sudo", *packages])
    repository = folder / "changes" / "repository"
    clone = repository / "indi_stx"
    clone.mkdir(parents=True)
    files = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout
    subprocess.run(
        ["xargs", "-0", "cp", "-a", "--parents", "-t", str(clone)],
        cwd=ROOT,
        input=files,
        check=True,
    )
    git = ["git", "-c", "user.name=test", "-c", "user.email=test@example.org", "-C", str(clone)]
    for words in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "-m", "as it is"]):
        subprocess.run([*git, *words], check=True)
    debian.put("/repository/as_observer", AS_OBSERVER)
    debian.run(USER)
    return debian


def typed(debian: Debian, name: str, bodies: list[str]) -> str:
    """Put blocks into a file and return the shell line that types them as the user."""
    debian.put(f"/repository/{name}", "\n".join(bodies))
    return f"as_observer /repository/{name}\n"


def test_there_are_blocks() -> None:
    assert [len(blocks(kind)) for kind in ("", "uninstall", "pipx", "deb", "server")] == [
        7,
        1,
        2,
        2,
        1,
    ]


SERVICES = r"""
    # The name of a property is defined at the camera's server, and at that of the control room.
    indi_getprop -t 30 'SBIG STX.CONNECTION.CONNECT' | grep =On
    indi_getprop -t 30 'South.CONNECTION.CONNECT' | grep =Off
    indi_getprop -t 30 -p 7625 'North.CONNECTION.CONNECT' | grep =Off
    ls -l /var/lib/indi-stx/frames/first_light_001.fits | grep indi-stx

    # The control room.
    as_observer /repository/server >/tmp/server.log 2>&1 &
    until indi_getprop -p 7626 'SBIG STX.CONNECTION.CONNECT' | grep =On; do sleep 0.2; done
    kill $!

    # Levels: what is an error is found as one.
    indi_setprop -p 7625 'North.DEVICE_ADDRESS.ADDRESS;PORT=127.0.0.1;1'
    indi_setprop -p 7625 'North.CONNECTION.CONNECT=On'
    for _ in $(seq 300); do
        journalctl --no-pager -o cat -u indi-stx@North -p err | grep 127.0.0.1 && break
        sleep 0.2
    done
    journalctl --no-pager -o cat -u indi-stx@North -p err | grep 127.0.0.1
    test -z "$(journalctl --no-pager -o cat -u indi-stx@North -p err | grep ': Driver ')"

    # A driver that hangs is restarted.
    mkdir -p /run/systemd/system/indi-stx@North.service.d
    printf '[Service]\nWatchdogSec=2s\nRestartSec=100ms\n' \
        > /run/systemd/system/indi-stx@North.service.d/sooner.conf
    systemctl daemon-reload
    systemctl restart indi-stx@North
    sleep 5
    test "$(systemctl show -P NRestarts indi-stx@North)" = 0
    server=$(systemctl show -P MainPID indi-stx@North)
    kill -STOP $(cat /proc/$server/task/$server/children)
    for _ in $(seq 300); do
        [ "$(systemctl show -P NRestarts indi-stx@North)" = 0 ] || break
        sleep 0.2
    done
    test "$(systemctl show -P NRestarts indi-stx@North)" -ge 1
    journalctl --no-pager -u indi-stx@North | grep 'Watchdog timeout'
    until indi_getprop -p 7625 'North.CONNECTION.CONNECT' | grep =Off; do sleep 0.2; done

    systemd-analyze --no-pager security indi-stx@North | tail -1
"""

GONE = r"""
    test ! -e /opt/indi-stx
    test -z "$(systemctl --plain --no-legend list-units 'indi-stx*.service' | grep running)"
    # State stays, and so does a file of settings that a person has made.
    test "$(find / -xdev \( -path /home -o -path /repository -o -path /var/log -o -path /tmp \
        -o -path /root/.cache -o -path '/var/lib/indi-stx*' -o -path /var/lib/private \) -prune \
        -o \( -name '*indi-stx*' -o -name '*indi_stx*' \) -print)" = /etc/default/indi-stx-North
    ls -l /var/lib/indi-stx/frames/first_light_001.fits
"""


def test_a_new_user_s_story(tmp_path: Path) -> None:
    """Install, demo, upgrade, service, first light, several cameras, control room, uninstall."""
    debian = a_system("bookworm", tmp_path, "dbus", "systemd", "systemd-sysv")
    install, demo, upgrade, *services = blocks()
    said = debian.boot(typed(debian, "install", [install, demo, upgrade]))
    assert "Received 4096 x 4096 pixels" in said
    typed(debian, "server", blocks("server"))
    said = debian.boot(
        typed(debian, "services", services)
        + SERVICES
        + typed(debian, "uninstall", blocks("uninstall"))
        + GONE,
        network=False,
    )
    assert "first_light_001.fits" in said


def test_pipx(tmp_path: Path) -> None:
    debian = a_system("bookworm", tmp_path)
    install, uninstall = blocks("pipx")
    debian.run("apt-get -qq update")
    debian.run(typed(debian, "install", [install]))
    assert "indi_stx_ccd" in debian.run("ls /usr/local/bin /usr/share/indi")
    assert "indi-stx 2." in debian.run("indi-stx --version")
    debian.run(typed(debian, "uninstall", [uninstall]))
    left = (
        "ls -d /usr/local/bin/indi* /usr/share/indi/indi_stx.xml /opt/pipx/venvs/indi* 2>/dev/null"
    )
    assert debian.run(f"{left} || true") == ""


def test_the_debian_package(tmp_path: Path) -> None:
    debian = a_system("trixie", tmp_path)
    install, uninstall = blocks("deb")
    debian.run("apt-get -qq update")
    debian.run(typed(debian, "install", [install]))
    assert "indi-stx 2." in debian.run("indi-stx --version")
    debian.run(typed(debian, "uninstall", [uninstall]))
    left = "/usr/bin/indi*stx* /usr/share/indi/indi_stx.xml"
    assert debian.run(f"ls -d {left} 2>/dev/null || true") == ""
