"""Coordinates: against astropy's own transformations, and without any network."""

from __future__ import annotations

import math
import socket
from datetime import UTC, datetime

import astropy.units as u
import pytest
from astropy.coordinates import TETE, AltAz, EarthLocation, SkyCoord
from astropy.time import Time
from astropy.utils.iers import conf

from indi_stx.images.coordinates import airmass, horizontal, jnow_to_j2000

WHEN = datetime(2024, 3, 9, 21, 15, 30, 500_000, UTC)


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        pytest.fail("a coordinate needs no network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def separation_arcsec(first: tuple[float, float], second: tuple[float, float]) -> float:
    there = SkyCoord(*second, unit="deg")
    return float(SkyCoord(*first, unit="deg").separation(there).arcsec)


@pytest.mark.parametrize(
    ("ra_deg", "dec_deg"), [(10.684, 41.269), (0.0, 0.0), (359.999, -5.0), (37.95, 89.264)]
)
def test_jnow_agrees_with_astropy(ra_deg: float, dec_deg: float) -> None:
    with conf.set_temp("auto_download", False):
        apparent = SkyCoord(ra_deg, dec_deg, unit="deg").transform_to(TETE(obstime=Time(WHEN)))
        found = jnow_to_j2000(apparent.ra.hour, apparent.dec.deg, WHEN)
    assert separation_arcsec(found, (ra_deg, dec_deg)) < 0.1
    assert 0 <= found[0] < 360


def test_jnow_differs_from_j2000_by_precession() -> None:
    found = jnow_to_j2000(12.0, 0.0, datetime(2050, 1, 1, tzinfo=UTC))
    assert separation_arcsec(found, (180.0, 0.0)) == pytest.approx(50 * 50.3, rel=0.03)


@pytest.mark.parametrize(
    ("ra_deg", "dec_deg"), [(100.0, 20.0), (250.0, 60.0), (150.0, -40.0), (37.95, 89.264)]
)
def test_horizontal_agrees_with_astropy(ra_deg: float, dec_deg: float) -> None:
    with conf.set_temp("auto_download", False):
        frame = AltAz(obstime=Time(WHEN), location=EarthLocation.from_geodetic(-70.7, 30.2))
        expected = SkyCoord(ra_deg, dec_deg, unit="deg").transform_to(frame)
    found = horizontal(ra_deg, dec_deg, 30.2, -70.7, WHEN)
    assert separation_arcsec(
        (found.azimuth_deg, found.altitude_deg), (expected.az.deg, expected.alt.deg)
    ) == pytest.approx(0, abs=20)
    assert (found.airmass is None) is bool(expected.alt < 0 * u.deg)


def kasten_young(apparent_deg: float) -> float:
    """Airmass at a refracted altitude, fitted independently of ours (1989)."""
    small = 0.50572 * (apparent_deg + 6.07995) ** -1.6364
    return 1 / (math.sin(math.radians(apparent_deg)) + small)


@pytest.mark.parametrize(
    ("altitude_deg", "refraction_deg"), [(90, 0.0), (60, 0.010), (30, 0.029), (10, 0.091)]
)
def test_airmass(altitude_deg: float, refraction_deg: float) -> None:
    expected = kasten_young(altitude_deg + refraction_deg)
    assert airmass(altitude_deg) == pytest.approx(expected, rel=5e-3)


def test_there_is_no_airmass_below_the_horizon() -> None:
    assert airmass(-0.001) is None


@pytest.mark.parametrize("year", [1990, 2026, 2099])
def test_dates_far_off_give_no_warning(year: int) -> None:
    when = datetime(year, 6, 1, tzinfo=UTC)
    jnow_to_j2000(1.0, 2.0, when)
    horizontal(1.0, 2.0, 3.0, 4.0, when)
