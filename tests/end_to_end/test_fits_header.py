"""What the FITS header says of telescope, site, focuser, filter and user, through a real server."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import pytest
from astropy import units as u
from astropy.coordinates import FK5, SkyCoord
from astropy.io import fits
from astropy.time import Time

from indi_stx.indi import DefVector, DelProperty, SetVector, State
from indi_stx.simulator.options import SimulatorOptions
from tests.harness.observatory import Observatory, observatory
from tests.harness.servers import DEVICE, DRIVER
from tests.harness.wire_client import WireClient

SMALL = SimulatorOptions(model="STT-8300")
SCOPE = "Telescope Simulator"
FOCUSER = "Focuser Simulator"
ROTATOR = "Rotator Simulator"
WHEEL = "Filter Simulator"
SQM = "SQM Simulator"
COORDINATES = ("OBJCTRA", "OBJCTDEC", "RA", "DEC", "AIRMASS", "SITELAT", "PIERSIDE", "EQUINOX")


async def header_of_a_frame(
    client: WireClient, head: str = "CCD", blob_name: str = "CCD1", device: str = DEVICE
) -> fits.Header:
    exposure = f"{head}_EXPOSURE"
    since = await client.numbers(exposure, device=device, **{f"{exposure}_VALUE": 0.01})
    blob = await client.blob(blob_name, since=since, device=device)
    await client.update(exposure, State.OK, since=since, device=device)
    assert isinstance(blob.content, bytes | memoryview)
    with fits.open(io.BytesIO(blob.content)) as hdus:
        hdus.verify("exception")
        header: fits.Header = hdus[0].header
        return header


async def small_frames(client: WireClient) -> None:
    since = await client.numbers("CCD_BINNING", HOR_BIN=4, VER_BIN=4)
    await client.update("CCD_BINNING", State.OK, since=since)


async def neighbour(client: WireClient, device: str, last: str) -> None:
    """Connect another driver's device and wait for one of its last properties."""
    await client.defined("CONNECTION", device=device)
    await client.switch("CONNECTION", "CONNECT", device=device)
    await client.defined(last, device=device)


async def aimed_telescope(client: WireClient) -> None:
    """Give the telescope simulator a site in Chile and a star an hour past the meridian."""
    await neighbour(client, SCOPE, "TELESCOPE_PIER_SIDE")
    since = await client.numbers("GEOGRAPHIC_COORD", device=SCOPE, LAT=-24.6, LONG=289.6, ELEV=2600)
    await client.update("GEOGRAPHIC_COORD", State.OK, since=since, device=SCOPE)
    await client.switch("ON_COORD_SET", "SYNC", device=SCOPE)
    ra_hours = hour_past_the_meridian(-70.4)
    # Without tracking it would see 15" a second go by between the frame and the look at it.
    await client.switch("TELESCOPE_TRACK_STATE", "TRACK_ON", device=SCOPE)
    since = await client.numbers("EQUATORIAL_EOD_COORD", device=SCOPE, RA=ra_hours, DEC=-5.4)
    await client.until(
        lambda m: (
            is_about(m, SCOPE, "EQUATORIAL_EOD_COORD") and abs(value(m, "RA") - ra_hours) < 0.01
        ),
        since=since,
        what="the new coordinates",
    )
    await client.update("TELESCOPE_PIER_SIDE", State.OK, device=SCOPE)


def hour_past_the_meridian(longitude_deg: float) -> float:
    """Return a right ascension, never where it wraps."""
    days = Time.now().jd - 2451545
    sidereal_hours = 18.697374558 + 24.06570982441908 * days + longitude_deg / 15
    return min(max((sidereal_hours - 1) % 24, 0.5), 23.5)


def is_about(message: object, device: str, name: str) -> bool:
    return isinstance(message, SetVector | DefVector) and (message.device, message.name) == (
        device,
        name,
    )


def value(message: object, element: str) -> float:
    assert isinstance(message, SetVector | DefVector)
    return next(float(e.value) for e in message.elements if e.name == element)


def there(*drivers: str) -> Sequence[str]:
    return (DRIVER, *drivers)


async def test_the_telescope_is_in_the_header(tmp_path: Path) -> None:
    async with observatory(tmp_path, SMALL, drivers=there("indi_simulator_telescope")) as place:
        client = place.client
        await small_frames(client)
        await aimed_telescope(client)
        header = await header_of_a_frame(client)
        told = client.values[SCOPE, "EQUATORIAL_EOD_COORD"]
        now = Time(header["DATE-OBS"])
        assert_j2000_of(header, float(told["RA"]), float(told["DEC"]), now)
        assert header["TELESCOP"] == SCOPE
        assert header["SITELAT"] == pytest.approx(-24.6)
        assert header["SITELONG"] == pytest.approx(-70.4)
        assert header["EQUINOX"] == 2000
        assert header["PIERSIDE"] == shown_pier_side(client)
        assert_above_the_horizon_as_astropy_says(header, now)
        focal_length = client.values[SCOPE, "TELESCOPE_INFO"]["TELESCOPE_FOCAL_LENGTH"]
        assert header["FOCALLEN"] == focal_length
        assert header["APTDIA"] == client.values[SCOPE, "TELESCOPE_INFO"]["TELESCOPE_APERTURE"]
        assert header["SCALE"] == pytest.approx(206.265 * 5.4 * 4 / focal_length, rel=1e-4)


def assert_j2000_of(header: fits.Header, ra_hours: float, dec_deg: float, now: Time) -> None:
    mean = SkyCoord(ra_hours * u.hourangle, dec_deg * u.deg, frame=FK5(equinox=now))
    expected = mean.transform_to(FK5(equinox="J2000"))
    found = SkyCoord(header["RA"] * u.deg, header["DEC"] * u.deg, frame=FK5(equinox="J2000"))
    # Nutation and aberration, up to 20", are between the mean and the apparent place.
    assert found.separation(expected).arcsec < 40
    assert ra_hours * 15 - header["RA"] > 0.2, "26 years of precession"
    sexagesimal = SkyCoord(header["OBJCTRA"], header["OBJCTDEC"], unit=("hourangle", "deg"))
    assert sexagesimal.separation(found.icrs).arcsec < 0.3
    assert len(header["OBJCTRA"]) == len("05 34 38.94")
    assert header["OBJCTDEC"].startswith("-05 ")


def assert_above_the_horizon_as_astropy_says(header: fits.Header, now: Time) -> None:
    from astropy.coordinates import AltAz, EarthLocation
    from astropy.utils import iers

    with (
        iers.conf.set_temp("auto_download", False),
        iers.conf.set_temp("auto_max_age", None),
        iers.conf.set_temp("iers_degraded_accuracy", "ignore"),
    ):
        site = EarthLocation.from_geodetic(header["SITELONG"], header["SITELAT"])
        place = SkyCoord(header["RA"] * u.deg, header["DEC"] * u.deg)
        above = place.transform_to(AltAz(obstime=now, location=site))
    assert header["OBJCTALT"] == pytest.approx(above.alt.deg, abs=0.05)
    assert header["OBJCTAZ"] == pytest.approx(above.az.deg, abs=0.1)
    assert header["AIRMASS"] == pytest.approx(above.secz.value, rel=0.01)


def shown_pier_side(client: WireClient) -> str:
    sides = client.values[SCOPE, "TELESCOPE_PIER_SIDE"]
    return "EAST" if sides["PIER_EAST"] else "WEST"


async def test_frames_without_light_have_no_coordinates(tmp_path: Path) -> None:
    async with observatory(tmp_path, SMALL, drivers=there("indi_simulator_telescope")) as place:
        client = place.client
        await small_frames(client)
        await aimed_telescope(client)
        for kind in ("FRAME_DARK", "FRAME_BIAS", "FRAME_FLAT"):
            await client.switch("CCD_FRAME_TYPE", kind)
            header = await header_of_a_frame(client)
            assert not [key for key in COORDINATES if key in header], kind
            assert header["TELESCOP"] == SCOPE
            assert header["FOCALLEN"] > 0


async def test_a_telescope_that_disconnects_is_forgotten(tmp_path: Path) -> None:
    async with observatory(tmp_path, SMALL, drivers=there("indi_simulator_telescope")) as place:
        client = place.client
        await small_frames(client)
        await aimed_telescope(client)
        since = await client.switch("CONNECTION", "DISCONNECT", device=SCOPE)
        await client.until(
            lambda m: isinstance(m, DelProperty) and m.device == SCOPE, since=since, what="its end"
        )
        header = await header_of_a_frame(client)
        assert not [key for key in COORDINATES if key in header]


async def test_focuser_rotator_filter_and_sky(tmp_path: Path) -> None:
    simulators = ("focus", "rotator", "wheel", "sqm")
    drivers = there(*(f"indi_simulator_{name}" for name in simulators))
    async with observatory(tmp_path, SMALL, drivers=drivers) as place:
        client = place.client
        await small_frames(client)
        await neighbour(client, FOCUSER, "FOCUS_TEMPERATURE")
        await neighbour(client, ROTATOR, "ABS_ROTATOR_ANGLE")
        await neighbour(client, WHEEL, "FILTER_NAME")
        await neighbour(client, SQM, "SKY_QUALITY")
        since = await client.texts("ACTIVE_DEVICES", ACTIVE_FILTER=WHEEL, ACTIVE_SKYQUALITY=SQM)
        await client.update("ACTIVE_DEVICES", State.OK, since=since)
        since = await client.numbers("FILTER_SLOT", device=WHEEL, FILTER_SLOT_VALUE=3)
        await client.update("FILTER_SLOT", State.OK, since=since, device=WHEEL)
        since = await client.numbers("ABS_ROTATOR_ANGLE", device=ROTATOR, ANGLE=12)
        await client.update("ABS_ROTATOR_ANGLE", State.OK, since=since, device=ROTATOR)
        header = await header_of_a_frame(client)
        focus = client.values[FOCUSER, "ABS_FOCUS_POSITION"]["FOCUS_ABSOLUTE_POSITION"]
        assert header["FOCUSPOS"] == focus
        assert isinstance(header["FOCUSPOS"], int)
        warmth = client.values[FOCUSER, "FOCUS_TEMPERATURE"]["TEMPERATURE"]
        assert header["FOCUSTEM"] == pytest.approx(warmth)
        angle = client.values[ROTATOR, "ABS_ROTATOR_ANGLE"]["ANGLE"]
        assert header["ROTATANG"] == pytest.approx(angle)
        assert header["FILTER"] == client.values[WHEEL, "FILTER_NAME"]["FILTER_SLOT_NAME_3"]
        assert header["MPSAS"] == client.values[SQM, "SKY_QUALITY"]["SKY_BRIGHTNESS"]


async def test_only_the_named_devices_are_believed(tmp_path: Path) -> None:
    async with observatory(
        tmp_path, SMALL, drivers=there("indi_simulator_telescope", "indi_simulator_focus")
    ) as place:
        client = place.client
        await small_frames(client)
        await aimed_telescope(client)
        await neighbour(client, FOCUSER, "FOCUS_TEMPERATURE")
        since = await client.texts(
            "ACTIVE_DEVICES", ACTIVE_TELESCOPE="Another Mount", ACTIVE_FOCUSER=""
        )
        await client.update("ACTIVE_DEVICES", State.OK, since=since)
        header = await header_of_a_frame(client)
        assert "TELESCOP" not in header, "nobody has heard of it"
        unknown = (*COORDINATES, "FOCUSPOS", "FOCUSTEM", "FOCALLEN", "APTDIA", "SCALE")
        assert not [key for key in unknown if key in header]
        since = await client.texts("ACTIVE_DEVICES", ACTIVE_TELESCOPE=SCOPE)
        await client.update("ACTIVE_DEVICES", State.OK, since=since)
        since = await client.texts("ACTIVE_DEVICES", ACTIVE_TELESCOPE=SCOPE)
        await client.update("ACTIVE_DEVICES", State.OK, since=since)
        header = await header_of_a_frame(client)
        assert header["PIERSIDE"] == shown_pier_side(client)


async def test_active_devices_outlive_a_restart(tmp_path: Path) -> None:
    async with observatory(tmp_path, SMALL, connect=False) as place:
        defined = await place.client.defined("ACTIVE_DEVICES")
        assert {e.name: e.value for e in defined.elements} == {
            "ACTIVE_TELESCOPE": SCOPE,
            "ACTIVE_ROTATOR": ROTATOR,
            "ACTIVE_FOCUSER": FOCUSER,
            "ACTIVE_FILTER": DEVICE,
            "ACTIVE_SKYQUALITY": "SQM",
        }
        await place.client.texts(
            "ACTIVE_DEVICES", ACTIVE_TELESCOPE="LX200 Basic", ACTIVE_ROTATOR=""
        )
        await place.client.update("ACTIVE_DEVICES", State.OK)
    async with observatory(tmp_path, SMALL, connect=False) as place:
        defined = await place.client.defined("ACTIVE_DEVICES")
        kept = {e.name: e.value for e in defined.elements}
        assert kept["ACTIVE_TELESCOPE"] == "LX200 Basic"
        assert kept["ACTIVE_ROTATOR"] == ""
        assert kept["ACTIVE_FOCUSER"] == FOCUSER


async def test_our_own_wheel_names_the_filter(tmp_path: Path) -> None:
    async with observatory(tmp_path, SMALL) as place:
        client = place.client
        await small_frames(client)
        since = await client.texts("FILTER_NAME", FILTER_SLOT_NAME_1="H_Alpha")
        await client.update("FILTER_NAME", State.OK, since=since)
        assert (await header_of_a_frame(client))["FILTER"] == "H_Alpha"


async def test_each_head_tells_of_its_own_light_path(tmp_path: Path) -> None:
    options = SimulatorOptions(model="STX-16803")
    async with observatory(tmp_path, options, drivers=there("indi_simulator_telescope")) as place:
        client = place.client
        await aimed_telescope(client)
        since = await client.numbers("SCOPE_INFO", FOCAL_LENGTH=2000, APERTURE=300)
        await client.update("SCOPE_INFO", State.OK, since=since)
        await card(client, "PROJECT", "7")
        inside = await header_of_a_frame(client, "GUIDER", "CCD2")
        remote = f"{DEVICE} Remote Guide Head"
        await client.defined("CCD1", device=remote)
        await client.enable_blobs(device=remote)
        outside = await header_of_a_frame(client, device=remote)
        for header in (inside, outside):
            assert header["PROJECT"] == 7
            assert header["TELESCOP"] == SCOPE
            assert header["OBJCTDEC"].startswith("-05 ")
        assert (inside["INSTRUME"], inside["FOCALLEN"]) == (DEVICE, 2000)
        assert "FILTER" in inside
        guide_scope_mm = client.values[SCOPE, "TELESCOPE_INFO"]["GUIDER_FOCAL_LENGTH"]
        assert (outside["INSTRUME"], outside["FOCALLEN"]) == (remote, guide_scope_mm)
        assert "FILTER" not in outside


# --- the user's part -----------------------------------------------------------------------------


async def card(client: WireClient, name: str, text: str, comment: str = "") -> SetVector:
    """Write a card as KStars does: the first three elements, whatever they are called."""
    vector = client.properties[DEVICE, "FITS_HEADER"]
    first_three = [e.name for e in vector.elements][:3]
    values = dict(zip(first_three, (name, text, comment), strict=True))
    since = await client.texts("FITS_HEADER", **values)
    return await client.update("FITS_HEADER", since=since)


async def test_cards_as_kstars_sends_them(tmp_path: Path) -> None:
    async with observatory(tmp_path, SMALL) as place:
        client = place.client
        await small_frames(client)
        for name, text, comment in (
            ("object", "M 42", "what"),
            ("PROJECT", "7", ""),
            ("QUALITY", "0.25", ""),
            ("PATH", "a/b", ""),
            ("", "", "clouds in the west"),
            ("PROJECT", "8", "replaced"),
        ):
            assert (await card(client, name, text, comment)).state is State.OK
        for _ in range(2):
            header = await header_of_a_frame(client)
            assert header["OBJECT"] == "M 42"
            assert header.comments["OBJECT"] == "what"
            assert (header["PROJECT"], type(header["PROJECT"])) == (8, int)
            assert header["QUALITY"] == 0.25
            assert header["PATH"] == "a/b"
            assert "clouds in the west" in list(header["COMMENT"])
        assert (await card(client, "INDI_CLEAR", "")).state is State.OK
        header = await header_of_a_frame(client)
        assert "PROJECT" not in header
        assert header["OBJECT"] == "Unknown"


IMPOSSIBLE_CARDS = [("", ""), ("NAXIS", "3"), ("LOWER CASE", "1"), ("KEY", "x" * 69)]


async def test_impossible_cards_are_refused(tmp_path: Path, subtests: pytest.Subtests) -> None:
    async with observatory(tmp_path, SMALL) as place:
        await small_frames(place.client)
        for name, text in IMPOSSIBLE_CARDS:
            with subtests.test(name=name, text=text):
                answer = await card(place.client, name, text)
                assert answer.state is State.ALERT
                await header_of_a_frame(place.client)


async def test_observer_and_object_as_older_clients_send_them(tmp_path: Path) -> None:
    async with observatory(tmp_path, SMALL) as place:
        client = place.client
        await small_frames(client)
        header = await header_of_a_frame(client)
        assert (header["OBSERVER"], header["OBJECT"]) == ("Unknown", "Unknown")
        await card(client, "INDI_CLEAR", "")
        await card(client, "PROJECT", "7")
        for _ in range(2):
            since = await client.texts("FITS_HEADER", FITS_OBSERVER='A & B "q"', FITS_OBJECT="M31")
            answer = await client.update("FITS_HEADER", since=since)
            assert answer.state is State.OK
            assert {e.name: e.value for e in answer.elements} == {
                "KEYWORD_NAME": "",
                "KEYWORD_VALUE": "",
                "KEYWORD_COMMENT": "",
                "FITS_OBSERVER": 'A & B "q"',
                "FITS_OBJECT": "M31",
            }
        header = await header_of_a_frame(client)
        assert (header["OBSERVER"], header["OBJECT"]) == ('A & B "q"', "M31")
        assert header["PROJECT"] == 7, "writing the observer does not repeat INDI_CLEAR"


async def test_the_users_optics_win(tmp_path: Path) -> None:
    async with observatory(tmp_path, SMALL, drivers=there("indi_simulator_telescope")) as place:
        client = place.client
        await small_frames(client)
        await neighbour(client, SCOPE, "TELESCOPE_PIER_SIDE")
        since = await client.numbers("SCOPE_INFO", FOCAL_LENGTH=1234.5, APERTURE=0)
        await client.update("SCOPE_INFO", State.OK, since=since)
        header = await header_of_a_frame(client)
        assert header["FOCALLEN"] == 1234.5
        assert header["APTDIA"] == client.values[SCOPE, "TELESCOPE_INFO"]["TELESCOPE_APERTURE"]
        since = await client.numbers("SCOPE_INFO", FOCAL_LENGTH=20000, APERTURE=0)
        await client.update("SCOPE_INFO", State.ALERT, since=since)
    async with observatory(tmp_path, SMALL) as place:
        kept = await place.client.defined("SCOPE_INFO")
        assert [e.value for e in kept.elements] == [1234.5, 0]


async def test_world_coordinates(tmp_path: Path) -> None:
    async with observatory(tmp_path, SMALL, drivers=there("indi_simulator_telescope")) as place:
        client = place.client
        await small_frames(client)
        await aimed_telescope(client)
        assert (DEVICE, "CCD_ROTATION") not in client.properties
        since = await client.switch("WCS_CONTROL", "WCS_ENABLE")
        await client.update("WCS_CONTROL", State.OK, since=since)
        assert (DEVICE, "CCD_ROTATION") in client.properties, "defined before the answer"
        assert "[INFO] World Coordinate System is enabled." in client.texts_said(since)
        assert "CRVAL1" not in await header_of_a_frame(client), "nobody knows the rotation yet"
        since = await client.numbers("CCD_ROTATION", CCD_ROTATION_VALUE=12)
        await client.update("CCD_ROTATION", State.OK, since=since)
        header = await header_of_a_frame(client)
        assert (header["CTYPE1"], header["CTYPE2"]) == ("RA---TAN", "DEC--TAN")
        assert header["CRVAL1"] == pytest.approx(header["RA"], abs=1e-6)
        assert header["CROTA2"] == 348
        await reconnect(place)
        await client.defined("CCD_ROTATION")
        since = await client.switch("WCS_CONTROL", "WCS_DISABLE")
        await client.update("WCS_CONTROL", State.OK, since=since)
        assert (DEVICE, "CCD_ROTATION") not in client.properties
        assert "CRVAL1" not in await header_of_a_frame(client)


async def reconnect(place: Observatory) -> None:
    client = place.client
    since = await client.switch("CONNECTION", "DISCONNECT")
    await client.until(
        lambda m: isinstance(m, DelProperty) and m.name == "CCD_ROTATION",
        since=since,
        what="the end of CCD_ROTATION",
    )
    since = await client.switch("CONNECTION", "CONNECT")
    await client.update("CONNECTION", State.OK, since=since)
