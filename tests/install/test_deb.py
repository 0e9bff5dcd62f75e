"""The Debian package: built, held to lintian, installed, used and removed in clean systems."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.harness.debian import ROOT, Debian, call, needs_root_and_debootstrap, packages

pytestmark = [pytest.mark.machine, pytest.mark.timeout(1500)]

FILES = r"""
    find / -xdev \( -path /root/.cache -o -path /tmp -o -path /run -o -path /var/cache \
        -o -path /var/lib/apt -o -path /var/lib/dpkg -o -path /var/log -o -path '/etc/*-' \) \
        -prune -o -print | sort
"""
"""All files but those of the package tools themselves, and the backups that userdel makes."""

USE = """
    cd /root
    indi-stx simulate --port 8080 --time-scale 20 & camera=$!
    indiserver indi_stx_ccd > /tmp/indiserver.log 2>&1 & server=$!
    python3 /tmp/take_a_frame.py 'SBIG STX' || { cat /tmp/indiserver.log; exit 1; }
    kill $server $camera
    wait $server $camera || true
    rm -r /root/.indi /root/.astropy
"""


@pytest.fixture(scope="module")
def deb() -> bytes:
    """Build the package; lintian has no error, or it is not built."""
    needs_root_and_debootstrap()
    call([str(ROOT / "packaging" / "build-deb")])
    (built,) = (ROOT / "dist").glob("indi-stx_*_all.deb")
    return built.read_bytes()


def test_it_takes_a_frame_in_a_clean_debian_13_and_leaves_nothing(
    deb: bytes, tmp_path: Path
) -> None:
    needed = [*packages("packaging/run-packages.apt"), "systemd-standalone-sysusers"]
    debian = Debian("trixie", tmp_path, needed)
    debian.put("/tmp/indi-stx.deb", deb)
    debian.put("/tmp/take_a_frame.py", (ROOT / "tests/install/take_a_frame.py").read_text())
    before = debian.run(FILES, network=False)
    debian.run("apt-get install -y --no-install-recommends /tmp/indi-stx.deb", network=False)
    assert "/usr/share/indi/indi_stx.xml" in debian.run(FILES, network=False).splitlines()
    assert "indi-stx" in debian.run("getent passwd indi-stx", network=False)
    assert "The Debian package" in debian.run("indi-stx install", network=False, fails=True)
    assert "4096 x 4096, bit-exact" in debian.run(USE, network=False)
    debian.run("apt-get purge -y indi-stx", network=False)
    after = debian.run(FILES, network=False)
    assert set(after.splitlines()) - set(before.splitlines()) == set()
    debian.run("getent passwd indi-stx", network=False, fails=True)


def test_debian_12_says_no(deb: bytes, tmp_path: Path) -> None:
    debian = Debian("bookworm", tmp_path)
    debian.put("/tmp/indi-stx.deb", deb)
    said = debian.run("apt-get install -y /tmp/indi-stx.deb", fails=True)
    assert "python3-astropy (>= 6.0)" in said
