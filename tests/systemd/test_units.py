"""The units, as `indi-stx install` writes them, judged by systemd's own tools."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from indi_stx import cli

WORST = "2.0"
"""Of systemd-analyze's exposure, where 10 is an unprotected service."""
UNITS = [r"indi-stx@SBIG\x20STX.service", "indi-stx@North.service", "indi-stx-simulator.service"]

pytestmark = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None,
    reason="systemd-analyze is missing: apt-get install systemd",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    prefix = tmp_path_factory.mktemp("prefix")
    assert cli.main(["install", "--prefix", str(prefix), "--systemd"]) == 0
    return prefix / "lib" / "systemd" / "system"


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["systemd-analyze", "--no-pager", *arguments], capture_output=True, text=True
    )


@pytest.mark.parametrize("unit", UNITS)
def test_systemd_has_nothing_to_say_about_a_unit(folder: Path, unit: str) -> None:
    done = analyze("verify", "--man=no", str(folder / unit))
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@pytest.mark.parametrize("unit", ["indi-stx@.service", "indi-stx-simulator.service"])
def test_a_unit_is_well_protected(folder: Path, unit: str) -> None:
    threshold = WORST.replace(".", "")
    done = analyze("security", "--offline=true", f"--threshold={threshold}", str(folder / unit))
    assert done.returncode == 0, done.stdout + done.stderr
    print(done.stdout.splitlines()[-1])


def test_a_mistake_in_a_unit_is_seen(folder: Path) -> None:
    wrong = folder / "wrong.service"
    wrong.write_text((folder / "indi-stx-simulator.service").read_text() + "\nRestart=perhaps\n")
    assert "Restart" in analyze("verify", "--man=no", str(wrong)).stderr
