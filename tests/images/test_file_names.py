"""Names of files: libindi's own, and nothing that no disk could hold."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

import pytest

from indi_stx.errors import ImageError
from indi_stx.images.file_names import check_prefix, next_path

NOW = datetime(2026, 11, 22, 5, 31, 49, 123_456)


@pytest.mark.parametrize(
    ("existing", "prefix", "expected"),
    [
        ([], "IMAGE_XXX", "IMAGE_001"),
        (["IMAGE_001.fits"], "IMAGE_XXX", "IMAGE_002"),
        (["IMAGE_001.fits", "IMAGE_041.fits"], "IMAGE_XXX", "IMAGE_042"),
        (["IMAGE_0009.fits.fz"], "IMAGE_XXX", "IMAGE_010"),
        (["IMAGE_999.fits"], "IMAGE_XXX", "IMAGE_1000"),
        (["OTHER_007.fits", "IMAGE.fits", "IMAGE_x.fits"], "IMAGE_XXX", "IMAGE_001"),
        (["IMAGE_007"], "IMAGE_XXX", "IMAGE_008"),
        (["M42001.fits"], "M42XXX", "M42002"),
        ([], "M42_ISO8601", "M42_2026-11-22T05-31-49.123"),
        ([], "M42_ISO8601_XXX", "M42_2026-11-22T05-31-49.123_001"),
        (
            ["M42_2026-11-21T00-00-00.000_007.fits"],
            "M42_ISO8601_XXX",
            "M42_2026-11-22T05-31-49.123_008",
        ),
        (["M42_2026-11-21T00-00-00.000.fits"], "M42_XXX", "M42_001"),
        ([], "M42", "M42"),
        (["M42.fits"], "M42", "M42_001"),
        (["M42.fits", "M42_001.fits"], "M42", "M42_002"),
        (
            ["M42_2026-11-22T05-31-49.123.fits"],
            "M42_ISO8601",
            "M42_2026-11-22T05-31-49.123_001",
        ),
        ([], "Größe %d {0}", "Größe %d {0}"),
    ],
)
def test_names(tmp_path: Path, existing: list[str], prefix: str, expected: str) -> None:
    for name in existing:
        (tmp_path / name).touch()
    assert next_path(str(tmp_path), prefix, NOW) == tmp_path / f"{expected}.fits"


def test_home_is_expanded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    expected = tmp_path / "nights" / "M42_001.fits.fz"
    assert next_path("_HOME_/nights", "M42_XXX", NOW, suffix=".fits.fz") == expected
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("prefix", ["", "../M42", "a/b", "/", "M42\0"])
def test_prefix_that_is_no_file_name_is_refused(tmp_path: Path, prefix: str) -> None:
    with pytest.raises(ImageError, match="without '/'"):
        check_prefix(prefix)
    with pytest.raises(ImageError, match="without '/'"):
        next_path(str(tmp_path), prefix, NOW)


def test_prefix_that_is_too_long_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="longer than"):
        next_path(str(tmp_path), "x" * 251, NOW)
