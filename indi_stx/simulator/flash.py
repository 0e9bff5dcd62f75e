"""The camera's non-volatile memory: filter names and FITS header texts.

STX API, Set Filter Name and Set FITS Settings. Every set call programs the Flash once; `writes`
counts them, because real Flash wears out. With a directory the contents survive a restart.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from indi_stx.errors import SimulatorError

FILTER_NAMES = 8
MAX_FILTER_NAME = 16
MAX_FITS_TEXT = 67
FITS_TEXTS = {
    "ObjectName": "Object Description",
    "Observer": "STX Camera Operator",
    "Telescope": "Telescope Description",
}
FITS_NUMBERS = {"FL": 2000.0, "Aperture": 200.0, "Area": 25000.0}


def is_printable(text: str) -> bool:
    """Tell whether a text has only characters 32 to 126, as Flash texts must."""
    return all(32 <= ord(character) <= 126 for character in text)


class Flash:
    """Stored values; `store` programs several of them at once."""

    def __init__(self, state_dir: Path | None = None) -> None:
        self.filter_names = ["Empty"] * FILTER_NAMES
        self.fits_texts = dict(FITS_TEXTS)
        self.fits_numbers = dict(FITS_NUMBERS)
        self.writes = 0
        self._path = state_dir / "flash.json" if state_dir else None
        if self._path:
            self._load(self._path)

    def store(self) -> None:
        """Program what was changed into the Flash."""
        self.writes += 1
        if self._path is None:
            return
        contents = {
            "filter_names": self.filter_names,
            "fits_texts": self.fits_texts,
            "fits_numbers": self.fits_numbers,
        }
        temporary = self._path.with_suffix(".tmp")
        with temporary.open("w", encoding="ascii") as file:
            json.dump(contents, file, indent=2)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self._path)

    def _load(self, path: Path) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.exists():
                return
            contents = json.loads(path.read_text(encoding="ascii"))
            names = [str(name) for name in contents["filter_names"]]
            texts = {name: str(contents["fits_texts"][name]) for name in FITS_TEXTS}
            numbers = {name: float(contents["fits_numbers"][name]) for name in FITS_NUMBERS}
        except OSError as error:
            raise SimulatorError(f"The state directory cannot be used: {error}.") from error
        except (ValueError, KeyError, TypeError) as error:
            raise SimulatorError(
                f"{path} is not a simulator's stored Flash; delete it to start afresh."
            ) from error
        if len(names) != FILTER_NAMES:
            raise SimulatorError(f"{path} does not hold {FILTER_NAMES} filter names; delete it.")
        self.filter_names, self.fits_texts, self.fits_numbers = names, texts, numbers
