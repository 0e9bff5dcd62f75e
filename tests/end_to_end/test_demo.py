"""`indi-stx demo`, as `make demo` runs it, with what it leaves behind."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

COMMAND = str(Path(sys.executable).parent / "indi-stx")


def test_the_demo_leaves_a_picture_with_stars(tmp_path: Path) -> None:
    done = subprocess.run(
        [COMMAND, "demo", "--exposure", "1"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Received 4096 x 4096 pixels" in done.stdout
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "demo-requests.jsonl",
        "demo.fits",
        "demo.png",
    ]
    with fits.open(tmp_path / "demo.fits") as hdus:
        header, pixels = hdus[0].header, hdus[0].data
    assert pixels.shape == (4096, 4096)
    assert (header["EXPTIME"], header["XBINNING"], header["INSTRUME"]) == (1.0, 1, "SBIG STX")
    assert (header["FRAME"], header["IMAGETYP"]) == ("Light", "Light Frame")
    assert header["CCD-TEMP"] == pytest.approx(13, abs=0.6)
    assert stars(pixels) > 20
    assert (tmp_path / "demo.png").read_bytes().startswith(b"\x89PNG")
    assert abs(start_error_s(header["DATE-OBS"], tmp_path / "demo-requests.jsonl")) < 0.05


def stars(pixels: np.ndarray) -> int:
    """Count blocks far above the sky's noise, each at least three bright pixels: no hot pixel."""
    sky = np.median(pixels)
    noise = 1.4826 * np.median(np.abs(pixels.astype(float) - sky))
    blocks = (pixels > sky + 20 * noise).reshape(256, 16, 256, 16).sum(axis=(1, 3))
    return int((blocks >= 3).sum())


def start_error_s(date_obs: str, log: Path) -> float:
    """Return how far DATE-OBS is from the moment the camera got the start command."""
    records = [json.loads(line) for line in log.read_text().splitlines()]
    (start,) = [r for r in records if "StartExposure" in r["uri"]]
    told = datetime.fromisoformat(date_obs + "+00:00")
    return (told - datetime.fromisoformat(start["utc"])).total_seconds()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["demo", "--model", "ST-7"], "There is no camera model 'ST-7'"),
        (["simulate", "--model", "ST-7"], "There is no camera model 'ST-7'"),
        (["simulate", "--port", "123456"], "port cannot be 123456"),
        (["simulate", "--fault", "fire"], "fire"),
        (["expose"], "invalid choice: 'expose'"),
    ],
)
def test_wrong_arguments_are_explained(arguments: list[str], complaint: str) -> None:
    done = subprocess.run([COMMAND, *arguments], capture_output=True, text=True)
    assert done.returncode in (1, 2)
    assert complaint in done.stderr


@pytest.mark.parametrize("arguments", [["--help"], ["simulate", "--help"], ["demo", "--help"]])
def test_help(arguments: list[str]) -> None:
    done = subprocess.run([COMMAND, *arguments], capture_output=True, text=True, check=True)
    assert "usage: indi-stx" in done.stdout
