"""A real indiserver for a test, with our driver unless told otherwise."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from indi_stx import client
from indi_stx.client import IndiServer

__all__ = ["DEVICE", "DRIVER", "IndiServer", "indiserver"]

DRIVER = str(Path(sys.executable).parent / "indi_stx_ccd")
DEVICE = "SBIG STX"


def indiserver(
    home: Path,
    drivers: Sequence[str] = (DRIVER,),
    environment: Mapping[str, str] | None = None,
    restarts: int = 10,
) -> AbstractContextManager[IndiServer]:
    """Start indiserver with drivers and end both again."""
    return client.indiserver(home, drivers, environment, restarts)
