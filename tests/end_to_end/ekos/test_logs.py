"""That trouble in the logs is seen, and what is no trouble is not taken for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.end_to_end.ekos.bus import parse, text_of
from tests.end_to_end.ekos.logs import complaints, guided_frames, rms_pixels

DEVICE = "SBIG STX"


@pytest.mark.parametrize(
    "line",
    [
        'org.kde.kstars.indi: SBIG STX :  "[ERROR] The camera does not answer. "',
        'org.kde.kstars.indi: SBIG STX :  "[WARNING] The cooler is latched up. "',
        'org.kde.kstars.ekos.capture: "Capturing failed. Check INDI Control Panel for details."',
        'org.kde.kstars.ekos.capture: "Exposure timeout. Restarting exposure..."',
        'org.kde.kstars.ekos.guide: "Lost track of the guide star."',
        "Dispatch command error(-1): INDI: <setNumberVector> no such property SBIG STX.X",
    ],
)
def test_complaints(line: str) -> None:
    assert complaints(f"org.kde.kstars: Welcome\n{line}\n", DEVICE) == [line]


@pytest.mark.parametrize(
    "line",
    [
        "org.kde.kstars: Loading asteroid objects failed.",
        'org.kde.kstars.indi: SBIG STX :  "[INFO] Connected to SBIG STT-8300. "',
        'org.kde.kstars.ekos.guide: Option "kcfg_DitherFailAbortsAutoGuide" not found!',
        "ALSA lib confmisc.c:855:(parse_card) cannot find card '0'",
    ],
)
def test_no_complaints(line: str) -> None:
    assert complaints(line, DEVICE) == []


GUIDE_LOG = """\
Guiding Begins at 2026-11-22 16:50:00
Frame,Time,mount,dx,dy,RARawDistance,DECRawDistance,RAGuideDistance,DECGuideDistance,RADuration,\
RADirection,DECDuration,DECDirection,XStep,YStep,StarMass,SNR,ErrorCode
1,1.6,"Mount",9,9,9.0,9.0,0,0,0,,0,,,,3773,43.4,0

Guiding Begins at 2026-11-22 16:56:27
Frame,Time,mount,dx,dy,RARawDistance,DECRawDistance,RAGuideDistance,DECGuideDistance,RADuration,\
RADirection,DECDuration,DECDirection,XStep,YStep,StarMass,SNR,ErrorCode
1,1.643,"Mount",0.3,0.4,0.300,0.400,0.000,0.000,0,,0,,,,3773,43.44,0
2,3.265,"Mount",0.3,0.4,-0.300,-0.400,0.665,0.129,77,W,13,S,,,3767,43.40,0
Guiding Ends at 2026-11-22 16:56:47
"""


def test_the_guide_log(tmp_path: Path) -> None:
    path = tmp_path / "guide_log.txt"
    path.write_text(GUIDE_LOG)
    frames = guided_frames(path)
    assert [(f.ra_pulse_ms, f.dec_pulse_ms) for f in frames] == [(0, 0), (77, 13)]
    assert rms_pixels(frames) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("()", ()),
        ("(true,)", True),
        ("(<'true'>,)", "true"),
        ("(<uint32 2>,)", 2),
        ("(<[1.5, -2.0]>,)", [1.5, -2.0]),
        ("(@as [],)", []),
        ("(['SBIG STX', \"it's\"],)", ["SBIG STX", "it's"]),
    ],
)
def test_values_of_the_bus(text: str, value: object) -> None:
    assert parse(text) == value


def test_what_goes_over_the_bus() -> None:
    assert [text_of(v) for v in ("it's", True, 1.5, 3)] == ["'it\\'s'", "true", "1.5", "3"]
