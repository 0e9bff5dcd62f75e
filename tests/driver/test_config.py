"""Configuration files: libindi's two layouts in, one layout out, never half a file."""

from __future__ import annotations

import asyncio
import os
import threading
from pathlib import Path

import pytest

from indi_stx.driver.config import ConfigFile, SavedProperty
from indi_stx.errors import ConfigError
from indi_stx.indi import Kind
from tests.harness.fake_clock import settle

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
async def test_both_layouts_of_libindi_are_read(tmp_path: Path, text: str) -> None:
    file = ConfigFile(tmp_path / "Toy_config.xml", "Toy")
    file.path.write_text(text)
    assert file.read_now() == SAVED
    assert await file.read() == SAVED


async def test_files_are_written_as_libindi_saves_them(tmp_path: Path) -> None:
    file = ConfigFile(tmp_path / "sub" / "Toy_config.xml", "Toy")
    await file.save(SAVED, SAVED)
    assert file.path.read_text() == AFTER_A_FULL_SAVE
    other = [SavedProperty(Kind.NUMBER, "POLLING_PERIOD", {"PERIOD_MS": "100"})]
    await file.save(other, other)
    assert await file.read() == [*other, SAVED[0], SAVED[2]], "what is not written is left"
    assert await file.restore_default([]) == SAVED, "the factory copy is the first one"
    assert await file.read() == SAVED
    assert sorted(os.listdir(file.path.parent)) == ["Toy_config.xml", "Toy_config.xml.default"]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [("<INDIDriver>", "damaged"), ("<html/>", "not an INDI configuration"), (None, "No config")],
)
async def test_a_file_that_is_none_says_so(
    tmp_path: Path, text: str | None, complaint: str
) -> None:
    file = ConfigFile(tmp_path / "Toy_config.xml", "Toy")
    if text is not None:
        file.path.write_text(text)
    with pytest.raises(ConfigError, match=complaint):
        await file.read()


async def test_a_damaged_file_is_kept_beside_the_new_one(tmp_path: Path) -> None:
    file = ConfigFile(tmp_path / "Toy_config.xml", "Toy")
    file.path.write_text("<INDIDriver>")
    problem = await file.save(SAVED[:1], SAVED)
    assert problem is not None
    assert "damaged" in problem
    assert await file.read() == SAVED, "all there is to save, not the one value alone"
    assert (tmp_path / "Toy_config.xml.damaged").read_text() == "<INDIDriver>"


async def test_a_failed_write_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = ConfigFile(tmp_path / "Toy_config.xml", "Toy")
    await file.save(SAVED, SAVED)

    def full(fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    changed = [SavedProperty(Kind.NUMBER, "POLLING_PERIOD", {"PERIOD_MS": "100"})]
    with pytest.raises(ConfigError, match="No space left"):
        await file.save(changed, SAVED)
    assert await file.read() == SAVED
    assert len(os.listdir(tmp_path)) == 2, "no temporary file stays"


async def test_values_that_are_saved_already_are_not_written_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = ConfigFile(tmp_path / "Toy_config.xml", "Toy")
    await file.save(SAVED, SAVED)

    def never(fd: int) -> None:
        raise AssertionError("nothing has changed")

    monkeypatch.setattr(os, "fsync", never)
    await file.save(SAVED[:1], SAVED)


async def test_a_slow_disk_holds_up_neither_the_loop_nor_the_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, let_go = ConfigFile(tmp_path / "Toy_config.xml", "Toy"), threading.Event()
    monkeypatch.setattr(os, "fsync", lambda fd: let_go.wait(30))
    periods = [
        [SavedProperty(Kind.NUMBER, "POLLING_PERIOD", {"PERIOD_MS": str(ms)})] for ms in (1, 2, 3)
    ]
    saving = [asyncio.create_task(file.save(one, one)) for one in periods]
    reading = asyncio.create_task(file.read())
    await settle()  # the loop runs while the disk does not
    assert not any(task.done() for task in [*saving, reading])
    let_go.set()
    await asyncio.gather(*saving)
    assert await reading == periods[-1]


async def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="Cannot write"):
        await ConfigFile(tmp_path / "file" / "Toy_config.xml", "Toy").save(SAVED, SAVED)


def test_the_place_is_libindis(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ConfigFile.of_device("SBIG STX").path == Path.home() / ".indi/SBIG STX_config.xml"
    monkeypatch.setenv("INDICONFIG", "/etc/observatory.xml")
    assert ConfigFile.of_device("SBIG STX").path == Path("/etc/observatory.xml")
