"""Configuration files: libindi's two layouts in, one layout out, never half a file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from indi_stx.driver.config import ConfigFile, SavedProperty
from indi_stx.errors import ConfigError
from indi_stx.indi import Kind

SAVED = [
    SavedProperty(Kind.SWITCH, "DEBUG", {"ENABLE": "Off", "DISABLE": "On"}),
    SavedProperty(Kind.NUMBER, "POLLING_PERIOD", {"PERIOD_MS": "500"}),
    SavedProperty(
        Kind.TEXT, "UPLOAD_SETTINGS", {"UPLOAD_DIR": "/home/a & b", "UPLOAD_PREFIX": "<X>"}
    ),
]
AFTER_A_FULL_SAVE = """<INDIDriver>
<newSwitchVector device='Toy' name='DEBUG'>
  <oneSwitch name='ENABLE'>
      Off
  </oneSwitch>
  <oneSwitch name='DISABLE'>
      On
  </oneSwitch>
</newSwitchVector>
<newNumberVector device='Toy' name='POLLING_PERIOD'>
  <oneNumber name='PERIOD_MS'>
      500
  </oneNumber>
</newNumberVector>
<newTextVector device='Toy' name='UPLOAD_SETTINGS'>
  <oneText name='UPLOAD_DIR'>
      /home/a &amp; b
  </oneText>
  <oneText name='UPLOAD_PREFIX'>
      &lt;X&gt;
  </oneText>
</newTextVector>
</INDIDriver>
"""
AFTER_A_SINGLE_SAVE = """<INDIDriver>
    <newSwitchVector device="Toy" name="DEBUG">
        <oneSwitch name="ENABLE">
Off
        </oneSwitch>
        <oneSwitch name="DISABLE">
On
        </oneSwitch>
    </newSwitchVector>
    <newNumberVector device="Toy" name="POLLING_PERIOD">
        <oneNumber name="PERIOD_MS">
500
        </oneNumber>
    </newNumberVector>
    <newTextVector device="Toy" name="UPLOAD_SETTINGS">
        <oneText name="UPLOAD_DIR">
/home/a &amp; b
        </oneText>
        <oneText name="UPLOAD_PREFIX">
&lt;X&gt;
        </oneText>
    </newTextVector>
</INDIDriver>
"""


@pytest.mark.parametrize("text", [AFTER_A_FULL_SAVE, AFTER_A_SINGLE_SAVE])
def test_both_layouts_of_libindi_are_read(tmp_path: Path, text: str) -> None:
    file = ConfigFile(tmp_path / "Toy_config.xml", "Toy")
    file.path.write_text(text)
    assert file.read() == SAVED


def test_files_are_written_as_libindi_saves_them(tmp_path: Path) -> None:
    file = ConfigFile(tmp_path / "sub" / "Toy_config.xml", "Toy")
    file.write(SAVED)
    assert file.path.read_text() == AFTER_A_FULL_SAVE
    file.write(SAVED[:1])
    assert file.read() == SAVED[:1]
    assert file.read_default() == SAVED, "the factory copy is the first one"
    assert sorted(os.listdir(file.path.parent)) == ["Toy_config.xml", "Toy_config.xml.default"]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [("<INDIDriver>", "damaged"), ("<html/>", "not an INDI configuration"), (None, "No config")],
)
def test_a_file_that_is_none_says_so(tmp_path: Path, text: str | None, complaint: str) -> None:
    file = ConfigFile(tmp_path / "Toy_config.xml", "Toy")
    if text is not None:
        file.path.write_text(text)
    with pytest.raises(ConfigError, match=complaint):
        file.read()


def test_a_failed_write_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = ConfigFile(tmp_path / "Toy_config.xml", "Toy")
    file.write(SAVED)

    def full(fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ConfigError, match="No space left"):
        file.write(SAVED[:1])
    assert file.read() == SAVED
    assert len(os.listdir(tmp_path)) == 2, "no temporary file stays"


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="Cannot write"):
        ConfigFile(tmp_path / "file" / "Toy_config.xml", "Toy").write(SAVED)


def test_the_place_is_libindis(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ConfigFile.of_device("SBIG STX").path == Path.home() / ".indi/SBIG STX_config.xml"
    monkeypatch.setenv("INDICONFIG", "/etc/observatory.xml")
    assert ConfigFile.of_device("SBIG STX").path == Path("/etc/observatory.xml")
