"""What outlives a disconnection, one by one, and that all else begins anew."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any, cast

import pytest

from indi_stx.camera import guide_head
from indi_stx.camera.devices import FEATURES, LASTING
from indi_stx.camera.features.adaptive_optics import AdaptiveOptics, MirrorPosition
from indi_stx.camera.features.cooler import Cooler, Destination
from indi_stx.camera.features.fits_header import FitsHeader, UserCards
from indi_stx.camera.features.upload import UnsavedFrames, Upload
from indi_stx.camera.lasting import Lasting
from indi_stx.camera.session import CameraSession, Feature
from indi_stx.camera.telemetry import Telemetry
from indi_stx.driver.declarations import Save
from indi_stx.images.memory import memory_file
from indi_stx.indi import Kind, State
from indi_stx.stx import AoState, CcdSettings
from tests.harness.bench import Bench
from tests.harness.fake_clock import FakeClock
from tests.harness.toy import ToyServer, running


class Camera:
    """A mirror that is always there at once, and a cooler that only remembers its set point."""

    def __init__(self) -> None:
        self.imager = self
        self.cooler_on = False
        self.setpoint_celsius = 20.0
        self.moved: list[dict[str, int]] = []

    async def ao_guide(self, **units: int) -> None:
        self.moved.append(units)

    async def ao_status(self) -> AoState:
        return AoState.IDLE

    async def get_settings(self, *names: str, priority: object) -> CcdSettings:
        values = {
            "cooler_on": self.cooler_on,
            "temperature_celsius": 15.0,
            "setpoint_celsius": self.setpoint_celsius,
            "cooler_power_percent": 50.0,
            "ambient_celsius": 15.0,
        }
        return CcdSettings({name: values[name] for name in names})

    async def set_settings(self, **changes: Any) -> None:
        self.cooler_on = changes["cooler_on"]
        self.setpoint_celsius = changes.get("setpoint_celsius", self.setpoint_celsius)


Build = Callable[[CameraSession], list[Feature]]


@contextlib.asynccontextmanager
async def bench(build: Build) -> AsyncIterator[tuple[ToyServer, Bench]]:
    async with running(lambda host: Bench(host, Camera(), build), FakeClock()) as server:
        device = cast(Bench, server.runtime.devices[0])
        await device.connect()
        yield server, device


async def again(device: Bench) -> Feature:
    """Disconnect, connect, and return the last feature of the new session."""
    old = device.session
    await device.end_session()
    session = await device.connect()
    assert session is not old
    feature = session.subsystems[-1]
    assert isinstance(feature, Feature)
    return feature


def test_the_list_is_complete_and_nothing_else_is_handed_out() -> None:
    lasting = Lasting(LASTING)
    for kind in (UserCards, Destination, MirrorPosition, UnsavedFrames):
        assert lasting.of(kind) is lasting.of(kind)
    with pytest.raises(KeyError):
        lasting.of(dict)


def test_the_properties_that_keep_their_values_are_these() -> None:
    kept = {
        d.spec.name.format_map(kind.words)
        for kind in (*FEATURES, *guide_head.FEATURES)
        for d in kind.declared()
        if d.spec.lasting or d.spec.save is Save.AT_START
    }
    assert kept == {
        "CCD_COMPRESSION",
        "CCD_FAST_TOGGLE",
        "CCD_FRAME_TYPE",
        "CCD_IMAGE_SOURCE",
        "CCD_ROTATION",
        "CCD_TEMP_RAMP",
        "FILTER_SLOTS",
        "FITS_CHECKSUM",
        "FITS_HEADER",
        "GUIDER_COMPRESSION",
        "GUIDER_FRAME_TYPE",
        "GUIDER_IMAGE_SOURCE",
        "GUIDE_RELAYS",
        "RESTORE_SETTINGS",
        "SCOPE_INFO",
        "UPLOAD_MODE",
        "UPLOAD_SETTINGS",
        "WCS_CONTROL",
    }


async def test_where_the_mirror_stands() -> None:
    async with bench(lambda session: [AdaptiveOptics(session)]) as (server, device):
        await server.write("Bench", Kind.NUMBER, "AO_NS", AO_N=50)
        await server.write("Bench", Kind.NUMBER, "AO_WE", AO_E=10)
        mirror = cast(AdaptiveOptics, await again(device))
        assert mirror.position.values == {"AO_X": 60, "AO_Y": 100}
        assert mirror.at_limit["AT_LIMIT_N"] is State.ALERT
        await server.write("Bench", Kind.NUMBER, "AO_WE", AO_W=10)
        assert cast(Camera, device.camera).moved[-1] == {"x": 50, "y": 100}


async def test_the_users_cards_and_the_orientation() -> None:
    async with bench(lambda session: [FitsHeader(session)]) as (server, device):
        await server.write(
            "Bench", Kind.TEXT, "FITS_HEADER", KEYWORD_NAME="AIRTEMP", KEYWORD_VALUE="7"
        )
        await server.write("Bench", Kind.TEXT, "FITS_HEADER", FITS_OBJECT="M 31")
        await server.write("Bench", Kind.SWITCH, "WCS_CONTROL", WCS_ENABLE="On")
        await server.write("Bench", Kind.NUMBER, "CCD_ROTATION", CCD_ROTATION_VALUE=30)
        header = cast(FitsHeader, await again(device))
        assert [tuple(card) for card in header.cards] == [("AIRTEMP", 7, "")]
        assert header.object_name == "M 31"
        assert header.rotation.defined
        assert header.rotation_deg == 30


async def test_frames_that_could_not_be_stored() -> None:
    async def send(*_: object) -> None:
        raise AssertionError

    async with bench(lambda session: [Upload(session, send)]) as (server, device):
        await server.write("Bench", Kind.SWITCH, "UPLOAD_MODE", UPLOAD_LOCAL="On")
        assert device.session is not None
        upload = cast(Upload, device.session.subsystems[0])
        upload.settings.assign({"UPLOAD_DIR": "/dev/null/nowhere"})
        with memory_file("frame", b"pixels") as frame:
            assert not await upload.store(frame)
        assert upload.unsaved.defined
        upload = cast(Upload, await again(device))
        assert upload.mode["UPLOAD_LOCAL"]
        assert upload.settings["UPLOAD_DIR"] == "/dev/null/nowhere"
        assert upload.unsaved.defined
        assert upload.unsaved_frames == 1
        await server.write("Bench", Kind.SWITCH, "UPLOAD_UNSAVED", DISCARD="On")
        assert upload.unsaved_frames == 0
        assert not upload.unsaved.defined


def cooler(session: CameraSession) -> list[Feature]:
    feature = Cooler(session)
    return [Telemetry(session, session.camera.imager, [feature]), feature]


@pytest.mark.parametrize(
    ("meanwhile", "goes_on"), [({}, True), ({"cooler_on": False}, False), ({"other": 5}, False)]
)
async def test_a_ramp_goes_on_if_the_camera_still_follows_it(
    meanwhile: dict[str, Any], goes_on: bool
) -> None:
    async with bench(cooler) as (server, device):
        camera = cast(Camera, device.camera)
        await server.write("Bench", Kind.NUMBER, "CCD_TEMP_RAMP", RAMP_SLOPE=5, RAMP_THRESHOLD=1)
        await server.write("Bench", Kind.NUMBER, "CCD_TEMPERATURE", CCD_TEMPERATURE_VALUE=-10)
        assert camera.setpoint_celsius == 10
        await device.end_session()
        camera.cooler_on = meanwhile.get("cooler_on", True)
        camera.setpoint_celsius = meanwhile.get("other", camera.setpoint_celsius)
        feature = cast(Cooler, await again(device))
        assert (feature.temperature.state is State.BUSY) is goes_on
        assert (device.lasting.of(Destination).ramp is not None) is goes_on
        assert feature.ramp["RAMP_SLOPE"] == 5


async def test_what_is_neither_listed_nor_lasting_begins_anew() -> None:
    async with bench(lambda session: [AdaptiveOptics(session)]) as (_, device):
        assert device.session is not None
        device.session.subsystems[0].properties["AO_NS"].publish(state=State.ALERT)
        mirror = cast(AdaptiveOptics, await again(device))
        assert mirror.north_south.state is State.IDLE
