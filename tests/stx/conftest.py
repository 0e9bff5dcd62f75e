from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from indi_stx.stx import Camera
from tests.stx.canned import CannedCamera, canned_camera


@pytest.fixture
async def canned() -> AsyncIterator[CannedCamera]:
    async with canned_camera() as server:
        yield server


@pytest.fixture
async def camera(canned: CannedCamera) -> AsyncIterator[Camera]:
    async with Camera(canned.host, canned.port, command_gap_s=0.0) as client:
        yield client
