"""KStars' settings: its configuration file, and the Ekos profile in its database.

The profile is a remote one. A local one would end every indiserver of the machine, by name.
Source: KStars 3.6.2, kstarsrc and schema 312 of userdb.sqlite.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from dataclasses import dataclass
from pathlib import Path

NO_DEVICE = "--"
NO_WALLET = "[Wallet]\nEnabled=false\n"
"""A kwalletrc: Ekos looks for passwords, and KDE would ask how to keep them."""


@dataclass(frozen=True)
class Profile:
    """An Ekos profile: where indiserver is, and which device does what.

    The camera is its own filter wheel, guide camera (CCD2) and guide port.
    """

    name: str
    port: int
    camera: str
    mount: str
    focal_length_mm: float
    aperture_mm: float

    @property
    def scope(self) -> str:
        """The telescope as an optical train names it."""
        ratio = self.focal_length_mm / self.aperture_mm
        return f"Test Reflector {self.focal_length_mm:.0f}@F/{ratio:.1f}"


def configuration(profile: Profile, images: Path, guide_exposure_s: float) -> str:
    """Return a kstarsrc: no dialog ever waits for somebody, the guider uses CCD2."""
    sections: dict[str, dict[str, object]] = {
        # The wizard is modal: Ekos would never come up behind it.
        "GUI": {"RunStartupWizard": False},
        "TipOfDay": {"RunOnStart": False},
        "Location": {
            "CityName": "Greenwich",
            "CountryName": "United Kingdom",
            "ProvinceName": "",
            "Latitude": 51.468,
            "Longitude": 0,
            "TimeZone": 0,
            "DST": "--",
        },
        "indi": {
            "messageNotificationINDI": True,
            "independentWindowINDI": True,
            "useTimeUpdate": True,
            "useGeographicUpdate": True,
        },
        "General": {
            "VerboseLogging": True,
            "RegularLogging": True,
            "DisableLogging": False,
            "LogToDefault": True,
            "LogToFile": False,
            "INDILogging": True,
            "CaptureLogging": True,
            "GuideLogging": True,
            "MountLogging": True,
        },
        "FITSViewer": {"useFITSViewer": False},
        "Ekos": {"profile": profile.name, "independentWindowEkos": True},
        "Capture": {"CaptureDirectory": images},
        # Otherwise the first dark frame asks whether the camera has a shutter.
        "DarkLibrary": {"shutterfulCCDs": profile.camera},
        "Guide": {
            "GuiderType": 0,
            # SEP. The default, SEP MultiStar, gives up after ten frames with fewer than five
            # stars, and CCD2 is small.
            "GuideAlgorithm": 1,
            "UseGuideHead": True,
            "GuideAutoStar": True,
            "GuideSubframe": False,
            "GuideDarkFrame": False,
            "GuideExposure": guide_exposure_s,
            "GuideCalibrationBacklash": False,
            "AutoModeIterations": 3,
            "CalibrationPulseDuration": 500,
            # The default of 133 drives every pulse to its limit.
            "RAProportionalGain": 0.75,
            "DECProportionalGain": 0.75,
            "SaveGuideLog": True,
        },
    }
    return "\n".join(
        f"[{section}]\n" + "".join(f"{k}={_shown(v)}\n" for k, v in values.items())
        for section, values in sections.items()
    )


def _shown(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def add_profile(database: Path, profile: Profile) -> None:
    """Add a profile beside the stock one; with a single profile a wizard would open."""
    with contextlib.closing(sqlite3.connect(database)) as connection, connection:
        number = _insert(
            connection,
            "profile",
            name=profile.name,
            host="localhost",
            port=profile.port,
            indiwebmanagerport=-1,
            autoconnect=1,
            guidertype=0,
            indihub=0,
            portselector=0,
        )
        for role, device in (("CCD", profile.camera), ("Mount", profile.mount)):
            _insert(connection, "driver", label=device, role=role, profile=number)
        _insert(
            connection,
            "telescope",
            Vendor="Test",
            Model="Reflector",
            Type="Reflector",
            Aperture=profile.aperture_mm,
            FocalLength=profile.focal_length_mm,
        )
        imaging = _add_train(connection, number, "Primary", profile)
        guiding = _add_train(connection, number, "Secondary", profile)
        # Primary, capture, focus, mount, guide, align, dark library.
        trains = {n: guiding if n == 4 else imaging for n in range(7)}
        _insert(connection, "profilesettings", profile=number, settings=json.dumps(trains))


def _add_train(connection: sqlite3.Connection, number: int, name: str, profile: Profile) -> int:
    absent = dict.fromkeys(("dustcap", "lightbox", "rotator", "focuser"), NO_DEVICE)
    return _insert(
        connection,
        "opticaltrains",
        profile=number,
        name=name,
        mount=profile.mount,
        scope=profile.scope,
        reducer=1.0,
        filterwheel=profile.camera,
        camera=profile.camera,
        guider=profile.camera,
        **absent,
    )


def _insert(connection: sqlite3.Connection, table: str, **row: object) -> int:
    columns, places = ",".join(row), ",".join("?" * len(row))
    cursor = connection.execute(
        f"INSERT INTO {table} ({columns}) VALUES ({places})", tuple(row.values())
    )
    assert cursor.lastrowid
    return cursor.lastrowid
