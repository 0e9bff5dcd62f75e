"""A command must not wait for a disk: whatever it needs has been imported before."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

import pytest

from indi_stx.stx import Camera
from tests.stx.canned import CannedCamera, ok


class Searched(MetaPathFinder):
    """Notes what is looked for on the disk."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        self.names.append(name)
        return None


async def test_no_command_looks_for_a_module(
    canned: CannedCamera, camera: Camera, monkeypatch: pytest.MonkeyPatch
) -> None:
    canned.standing = ok("0\r\n")
    await camera.imager.state()  # the first one may import
    searched = Searched()
    monkeypatch.setattr(sys, "meta_path", [searched, *sys.meta_path])
    await camera.imager.state()
    assert not searched.names
