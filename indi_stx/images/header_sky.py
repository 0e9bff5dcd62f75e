"""Where the telescope pointed: coordinates, horizon and world coordinates, for light frames."""

from __future__ import annotations

import math
from collections.abc import Iterator

from indi_stx.images.header_cards import Row, rounded
from indi_stx.images.header_facts import FrameFacts, Pointing

_ARCSEC_PER_RADIAN = 206264.806


def sky(facts: FrameFacts, pointing: Pointing) -> Iterator[Row]:
    """Yield the cards of a pointing."""
    if facts.site:
        yield "SITELAT", rounded(facts.site.latitude_deg, 6), "[deg] Latitude of the site"
        yield (
            "SITELONG",
            rounded(facts.site.longitude_deg, 6),
            "[deg] Longitude of the site, east +",
        )
    if horizontal := pointing.horizontal:
        yield "AIRMASS", rounded(horizontal.airmass, 6), "Airmass"
        yield "OBJCTAZ", rounded(horizontal.azimuth_deg, 6), "[deg] Azimuth of centre of image"
        yield "OBJCTALT", rounded(horizontal.altitude_deg, 6), "[deg] Altitude of centre of image"
    yield "OBJCTRA", _hours(pointing.ra_deg), "J2000 RA of the image centre"
    yield "OBJCTDEC", _degrees(pointing.dec_deg), "J2000 Dec of the image centre"
    yield "RA", rounded(pointing.ra_deg, 6), "[deg] J2000 RA of the image centre"
    yield "DEC", rounded(pointing.dec_deg, 6), "[deg] J2000 Dec of the image centre"
    if pointing.pier_side:
        yield "PIERSIDE", pointing.pier_side.value, "Side of the pier"
    yield "EQUINOX", 2000, "Equinox"
    yield from _world_coordinates(facts, pointing)


def _world_coordinates(facts: FrameFacts, pointing: Pointing) -> Iterator[Row]:
    scale_x, scale_y = scale_x_arcsec(facts), _scale_y_arcsec(facts)
    if facts.wcs_rotation_deg is None or scale_x is None or scale_y is None:
        return
    rotation = (360.0 - facts.wcs_rotation_deg) % 360.0
    yield "CRVAL1", rounded(pointing.ra_deg, 10), "[deg] RA at the reference pixel"
    yield "CRVAL2", rounded(pointing.dec_deg, 10), "[deg] Dec at the reference pixel"
    yield "RADESYS", "FK5", "Frame of RA and Dec"
    yield "CTYPE1", "RA---TAN", "Projection"
    yield "CTYPE2", "DEC--TAN", "Projection"
    yield "CRPIX1", _axis(facts.start_x, facts.bin_x, facts.cols, facts.sensor_cols), "Axis, x"
    yield "CRPIX2", _axis(facts.start_y, facts.bin_y, facts.rows, facts.sensor_rows), "Axis, y"
    yield "SECPIX1", round(scale_x, 10), "[arcsec/pixel] Scale in x"
    yield "SECPIX2", round(scale_y, 10), "[arcsec/pixel] Scale in y"
    # Both positive: rows run top down, which is the usual sky turned by 180 degrees, not mirrored.
    yield "CDELT1", round(scale_x / 3600, 10), "[deg/pixel] Scale in x"
    yield "CDELT2", round(scale_y / 3600, 10), "[deg/pixel] Scale in y"
    yield "CROTA1", rounded(rotation, 10), "[deg] Rotation"
    yield "CROTA2", rounded(rotation, 10), "[deg] Rotation"


def _axis(start: int, binning: int, image_size: int, sensor_size: int | None) -> float:
    """Where the sensor's centre lies in the image; FITS counts the first pixel's centre as 1."""
    if sensor_size is None:
        return image_size / 2 + 0.5
    return (sensor_size / 2 - start) / binning + 0.5


def scale_x_arcsec(facts: FrameFacts) -> float | None:
    """Return the scale of a binned pixel in x; None while the focal length is unknown."""
    return _scale_arcsec(facts.pixel_width_um * facts.bin_x, facts.focal_length_mm)


def _scale_y_arcsec(facts: FrameFacts) -> float | None:
    return _scale_arcsec(facts.pixel_height_um * facts.bin_y, facts.focal_length_mm)


def _scale_arcsec(binned_pixel_um: float, focal_length_mm: float | None) -> float | None:
    if not binned_pixel_um or not focal_length_mm or focal_length_mm < 0:
        return None
    return binned_pixel_um / 1000 / focal_length_mm * _ARCSEC_PER_RADIAN


def is_finite(pointing: Pointing) -> bool:
    """Tell whether a mount has given numbers."""
    return math.isfinite(pointing.ra_deg) and math.isfinite(pointing.dec_deg)


def _hours(ra_deg: float) -> str:
    return _sexagesimal(round(ra_deg / 15 * 360_000) % (24 * 360_000))


def _degrees(dec_deg: float) -> str:
    sign = "-" if dec_deg < 0 else ""
    return sign + _sexagesimal(round(abs(dec_deg) * 360_000))


def _sexagesimal(hundredths: int) -> str:
    minutes, seconds = divmod(hundredths, 6000)
    return f"{minutes // 60:02d} {minutes % 60:02d} {seconds / 100:05.2f}"
