"""Where a mount pointed: from JNow to J2000, and to altitude, azimuth and airmass.

Mounts report equatorial coordinates of the equinox of date ("JNow"); headers carry J2000. The
functions of ERFA, which astropy depends on, are used without tables of the Earth's rotation, which
would need the network: UT1 is taken as UTC, an error below one second of time or 15". Altitudes
are geometric, without refraction.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime

import erfa

from indi_stx.images.header_facts import Horizontal

_JULIAN_DATE_2000 = 2451545.0
_EPOCH_2000 = datetime(2000, 1, 1, 12, tzinfo=UTC)
# TT - UTC since 2017; a second more or less moves nothing by a microarcsecond.
_TT_MINUS_UTC_DAYS = 69.184 / 86400


def jnow_to_j2000(ra_hours: float, dec_deg: float, utc: datetime) -> tuple[float, float]:
    """Return J2000 `(ra_deg, dec_deg)` of an apparent place: precession, nutation, aberration."""
    tt = _days_since_2000(utc) + _TT_MINUS_UTC_DAYS
    from_equinox = erfa.eo06a(_JULIAN_DATE_2000, tt)
    ra_intermediate = math.radians(ra_hours * 15) + from_equinox
    ra, dec, _ = erfa.atic13(ra_intermediate, math.radians(dec_deg), _JULIAN_DATE_2000, tt)
    return math.degrees(ra), math.degrees(dec)


def horizontal(
    ra_deg: float, dec_deg: float, latitude_deg: float, longitude_deg: float, utc: datetime
) -> Horizontal:
    """Return altitude and azimuth (from north) of J2000 coordinates; longitude counts east."""
    ut1 = _days_since_2000(utc)
    ra, dec, _ = erfa.atci13(
        math.radians(ra_deg),
        math.radians(dec_deg),
        0.0,
        0.0,
        0.0,
        0.0,
        _JULIAN_DATE_2000,
        ut1 + _TT_MINUS_UTC_DAYS,
    )
    hour_angle = erfa.era00(_JULIAN_DATE_2000, ut1) + math.radians(longitude_deg) - ra
    azimuth, altitude = erfa.hd2ae(hour_angle, dec, math.radians(latitude_deg))
    altitude_deg = math.degrees(altitude)
    return Horizontal(altitude_deg, math.degrees(azimuth), airmass(altitude_deg))


def airmass(altitude_deg: float) -> float | None:
    """Return the airmass at a geometric altitude, None below the horizon (Young 1994)."""
    if altitude_deg < 0:
        return None
    cosine = math.sin(math.radians(altitude_deg))
    above = 1.002432 * cosine**2 + 0.148386 * cosine + 0.0096467
    below = cosine**3 + 0.149864 * cosine**2 + 0.0102963 * cosine + 0.000303978
    return above / below


def _days_since_2000(utc: datetime) -> float:
    return (utc - _EPOCH_2000).total_seconds() / 86400
