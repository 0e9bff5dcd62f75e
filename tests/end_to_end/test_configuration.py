"""Saved configurations, through restarts, and in libindi's own files."""

from __future__ import annotations

from pathlib import Path

from indi_stx.indi import State
from indi_stx.simulator.options import SimulatorOptions
from tests.harness.observatory import Observatory, connect_camera, observatory
from tests.harness.wire_client import DEVICE

SMALL = SimulatorOptions(model="STT-8300", time_scale=20)

OF_LIBINDI = """<INDIDriver>
    <newNumberVector device="SBIG STX" name="POLLING_PERIOD">
        <oneNumber name="PERIOD_MS">
750
        </oneNumber>
    </newNumberVector>
    <newTextVector device="SBIG STX" name="UPLOAD_SETTINGS">
        <oneText name="UPLOAD_DIR">
/tmp
        </oneText>
        <oneText name="UPLOAD_PREFIX">
NIGHT_XXX
        </oneText>
    </newTextVector>
<newSwitchVector device='SBIG STX' name='CCD_VIDEO_STREAM'>
  <oneSwitch name='STREAM_ON'>
      Off
  </oneSwitch>
</newSwitchVector>
<newNumberVector device='SBIG STX' name='CCD_FRAME'>
  <oneNumber name='X'>
      100
  </oneNumber>
  <oneNumber name='Y'>
      200
  </oneNumber>
  <oneNumber name='WIDTH'>
      300
  </oneNumber>
  <oneNumber name='HEIGHT'>
      150
  </oneNumber>
</newNumberVector>
<newNumberVector device='SBIG STX' name='CCD_BINNING'>
  <oneNumber name='HOR_BIN'>
      2
  </oneNumber>
  <oneNumber name='VER_BIN'>
      2
  </oneNumber>
</newNumberVector>
<newNumberVector device='SBIG STX' name='FILTER_SLOT'>
  <oneNumber name='FILTER_SLOT_VALUE'>
      3
  </oneNumber>
</newNumberVector>
</INDIDriver>
"""


async def process(place: Observatory, wish: str, state: State = State.OK) -> int:
    since = await place.client.switch("CONFIG_PROCESS", wish)
    answer = await place.client.update("CONFIG_PROCESS", since=since)
    assert answer.state is state
    assert not any(e.value for e in answer.elements), "always all Off"
    return since


async def test_save_restart_load(tmp_path: Path) -> None:
    async with observatory(tmp_path, SMALL) as place:
        await place.client.numbers("POLLING_PERIOD", PERIOD_MS=500)
        await place.client.numbers("CCD_BINNING", HOR_BIN=3, VER_BIN=2)
        since = await process(place, "CONFIG_SAVE")
        assert place.client.texts_said(since)[-1] == "[INFO] Device configuration saved."
        port = str(place.simulator.port)
    text = (tmp_path / ".indi" / "SBIG STX_config.xml").read_text()
    names = [
        line.split("name='")[1].split("'")[0] for line in text.splitlines() if "Vector d" in line
    ]
    assert names.index("DEBUG") < names.index("DEVICE_ADDRESS") < names.index("CCD_FRAME")
    assert names.index("CCD_FRAME") < names.index("CCD_BINNING")
    assert not {"CONNECTION", "CCD_EXPOSURE", "CCD_TEMPERATURE", "CCD_FRAME_TYPE"} & set(names)
    async with observatory(tmp_path, SMALL, connect=False) as place:
        client = place.client
        await client.defined("POLLING_PERIOD")
        assert client.values[DEVICE, "POLLING_PERIOD"]["PERIOD_MS"] == 500
        address = await client.defined("DEVICE_ADDRESS")
        assert [e.value for e in address.elements] == ["127.0.0.1", port], "remembered"
        await client.texts("DEVICE_ADDRESS", ADDRESS="127.0.0.1", PORT=str(place.simulator.port))
        await client.switch("CONNECTION", "CONNECT")
        bins = await client.defined("CCD_BINNING")
        assert [e.value for e in bins.elements] == [1, 1], "only a load applies it"
        since = await process(place, "CONFIG_LOAD")
        bins = await client.update("CCD_BINNING", State.OK, since=since)
        assert [e.value for e in bins.elements] == [3, 2]


async def test_a_file_of_libindis_is_loaded(tmp_path: Path) -> None:
    """Both layouts in one file, with a property that this driver does not have."""
    (tmp_path / ".indi").mkdir()
    (tmp_path / ".indi" / "SBIG STX_config.xml").write_text(OF_LIBINDI)
    async with observatory(tmp_path, SMALL) as place:
        client = place.client
        await client.defined("FILTER_NAME")
        assert client.values[DEVICE, "POLLING_PERIOD"]["PERIOD_MS"] == 750
        since = await process(place, "CONFIG_LOAD")
        frame = await client.update("CCD_FRAME", State.OK, since=since)
        assert [e.value for e in frame.elements] == [100, 200, 300, 150]
        await client.update("CCD_BINNING", State.OK, since=since)
        slot = await client.update("FILTER_SLOT", State.OK, since=since)
        assert slot.elements[0].value == 3, "the wheel moves"
        assert client.values[DEVICE, "UPLOAD_SETTINGS"]["UPLOAD_PREFIX"] == "NIGHT_XXX"


async def test_nothing_saved_default_and_purge(tmp_path: Path) -> None:
    file = tmp_path / "elsewhere.xml"
    environment = {"INDICONFIG": str(file)}
    async with observatory(tmp_path, SMALL, connect=False, environment=environment) as place:
        client = place.client
        await client.defined("CONFIG_PROCESS")
        since = await process(place, "CONFIG_LOAD", State.ALERT)
        assert "No configuration has been saved yet" in client.texts_said(since)[-1]
        await process(place, "CONFIG_DEFAULT", State.ALERT)
        await process(place, "CONFIG_SAVE")
        first = file.read_text()
        since = await client.numbers("POLLING_PERIOD", PERIOD_MS=2000)
        await client.update("POLLING_PERIOD", State.OK, since=since)
        await process(place, "CONFIG_SAVE")
        assert file.read_text() != first
        since = await process(place, "CONFIG_DEFAULT")
        period = await client.update("POLLING_PERIOD", State.OK, since=since)
        assert period.elements[0].value == 1000
        assert file.read_text() == first
        await process(place, "CONFIG_PURGE")
        assert not file.exists()
        await process(place, "CONFIG_PURGE", State.ALERT)


async def test_a_damaged_file_does_not_keep_the_driver_from_starting(tmp_path: Path) -> None:
    (tmp_path / ".indi").mkdir()
    file = tmp_path / ".indi" / "SBIG STX_config.xml"
    file.write_text("<INDIDriver><newNum")
    async with observatory(tmp_path, SMALL, connect=False) as place:
        await place.client.defined("CONFIG_PROCESS")
        since = await process(place, "CONFIG_LOAD", State.ALERT)
        assert "damaged" in place.client.texts_said(since)[-1]
        await connect_camera(place)
        await process(place, "CONFIG_SAVE")
        assert file.with_name(file.name + ".damaged").read_text() == "<INDIDriver><newNum"
        await process(place, "CONFIG_LOAD")
