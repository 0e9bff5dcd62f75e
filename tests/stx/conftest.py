from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from indi_stx.clock import SystemClock
from indi_stx.stx import Camera
from tests.stx.canned import CannedCamera, canned_camera
from tests.stx.sinks import WAYS, Read


class Evening(SystemClock):
    """A clock whose calendar stands still."""

    def utc(self) -> datetime:
        return datetime(2026, 11, 22, 19, 3, 4, 56789, tzinfo=UTC)


@pytest.fixture
async def canned() -> AsyncIterator[CannedCamera]:
    async with canned_camera() as server:
        yield server


@pytest.fixture
async def camera(canned: CannedCamera) -> AsyncIterator[Camera]:
    async with Camera(canned.host, canned.port, command_gap_s=0.0, clock=Evening()) as client:
        yield client


@pytest.fixture(params=WAYS, ids=lambda way: way.__name__)
def read_all(request: pytest.FixtureRequest) -> Read:
    """Return one of the ways to get a frame; all behave the same."""
    way: Read = request.param
    return way
