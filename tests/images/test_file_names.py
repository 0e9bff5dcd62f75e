"""Names of files: libindi's own, and nothing that no disk could hold."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from indi_stx.errors import ImageError
from indi_stx.images.file_names import check_directory, check_prefix, next_path

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


@pytest.mark.parametrize(
    "prefix", ["M42\n_XXX", "M42\t", "\x7f", "\x85", "\ud800M42", "M42\udcfc", "\u2028"]
)
def test_prefix_that_cannot_be_shown_is_refused(tmp_path: Path, prefix: str) -> None:
    with pytest.raises(ImageError, match="unprintable character") as raised:
        check_prefix(prefix)
    assert str(raised.value).isprintable()
    with pytest.raises(ImageError, match="unprintable character"):
        next_path(str(tmp_path), prefix, NOW)


@pytest.mark.parametrize(
    ("end", "longest_bytes"),
    [
        ("XXX", len("999999999.fits")),
        ("_ISO8601", len("_2026-11-22T05-31-49.123_999999999.fits")),
        ("_ISO8601_XXX", len("_2026-11-22T05-31-49.123_999999999.fits")),
        ("", len("_999999999.fits")),
    ],
)
def test_prefix_has_room_for_the_longest_time_and_number(end: str, longest_bytes: int) -> None:
    room = 255 - longest_bytes
    check_prefix("x" * room + end)
    check_prefix("ü" * (room // 2) + end)
    with pytest.raises(ImageError, match="a file name of 256 bytes, longer than the 255"):
        check_prefix("x" * (room + 1) + end)
    with pytest.raises(ImageError, match="longer than the 255"):
        check_prefix("ü" * (room // 2 + 1) + end)


def test_a_name_may_be_as_long_as_any(tmp_path: Path) -> None:
    assert next_path(str(tmp_path), "x" * 250, NOW).name == "x" * 250 + ".fits"
    (tmp_path / ("x" * 250 + ".fits")).touch()
    with pytest.raises(ImageError, match="259 bytes, longer than"):
        next_path(str(tmp_path), "x" * 250, NOW)


@pytest.mark.parametrize("name", ["IMAGE_20261122053149.fits", f"IMAGE_{'9' * 200}.fits"])
def test_a_date_in_a_name_is_not_counted_on(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    assert next_path(str(tmp_path), "IMAGE_XXX", NOW).name == "IMAGE_001.fits"


def test_only_ascii_digits_are_counted(tmp_path: Path) -> None:
    (tmp_path / "IMAGE_٤٢.fits").touch()
    assert next_path(str(tmp_path), "IMAGE_XXX", NOW).name == "IMAGE_001.fits"


def test_names_that_turned_out_taken_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "M42_004.fits").touch()
    for prefix, expected in [("M42_XXX", "M42_006.fits"), ("M42", "M42.fits")]:
        assert next_path(str(tmp_path), prefix, NOW, taken={"M42_005.fits"}).name == expected
    assert next_path(str(tmp_path), "M42", NOW, taken={"M42.fits"}).name == "M42_001.fits"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/data/nights", "/data/nights"),
        ("/data//nights/./", "/data/nights"),
        ("~", "/home/ada"),
        ("~/nights", "/home/ada/nights"),
        ("_HOME_", "/home/ada"),
        ("_HOME_/nights", "/home/ada/nights"),
        ("~root/nights", "/root/nights"),
        ("/data/~x", "/data/~x"),
        ("/Größe %d {0}", "/Größe %d {0}"),
    ],
)
def test_directory(monkeypatch: pytest.MonkeyPatch, text: str, expected: str) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    assert check_directory(text) == Path(expected)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is empty"),
        ("  ", "is empty"),
        ("nights", "must be a whole path"),
        ("./nights", "must be a whole path"),
        ("../nights", "must be a whole path"),
        (" /nights", "must be a whole path"),
        ("nights/_HOME_", "must be a whole path"),
        ("~nobody-of-that-name/nights", "home directory that does not exist"),
        ("~ /nights", "home directory that does not exist"),
        ("/nights\0", "unprintable character"),
        ("/nights\n", "unprintable character"),
        ("~\0", "unprintable character"),
        ("/\udcfc", "unprintable character"),
        ("/a/" + "x" * 256, "longer than 255 bytes"),
        ("/a/" + "ü" * 128 + "/b", "longer than 255 bytes"),
        ("/" + "a/" * 1920, "longer than any path"),
    ],
)
def test_directory_that_cannot_be_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ImageError, match=reason) as raised:
        check_directory(text)
    assert str(raised.value).isprintable()
    assert len(str(raised.value)) < 300
    with pytest.raises(ImageError, match=reason):
        next_path(text, "M42", NOW)


def test_a_home_that_is_relative_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "somewhere")
    with pytest.raises(ImageError, match="must be a whole path"):
        check_directory("_HOME_/nights")


def test_where_names_are_ascii_a_prefix_becomes_so_and_a_directory_is_refused() -> None:
    script = (
        "from datetime import datetime\n"
        "from indi_stx.errors import ImageError\n"
        "from indi_stx.images.file_names import check_directory, check_prefix, next_path\n"
        "check_prefix('Gr\\xf6\\xdfe')\n"
        "print(next_path('/none', 'Gr\\xf6\\xdfe_XXX', datetime.now()))\n"
        "try:\n"
        "    check_directory('/\\u263e')\n"
        "except ImageError as error:\n"
        "    print(ascii(str(error)))\n"
    )
    plain = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=os.environ | plain,
        capture_output=True,
        text=True,
        check=True,
    )
    prefix, directory = done.stdout.splitlines()
    assert prefix == "/none/Grosse_001.fits"
    assert "file names on this computer are in ascii" in directory


@given(
    st.text(st.characters() | st.sampled_from("~/._HOMEXISO8601\0\n"), max_size=300),
    st.text(st.characters() | st.sampled_from("/X\0\n"), max_size=300),
)
@example("~\ud800", "M42")
@example("x" * 300, "M42")
def test_any_text_gives_an_absolute_path_or_an_image_error(directory: str, prefix: str) -> None:
    with contextlib.suppress(ImageError):
        check_directory(directory)
        check_prefix(prefix)
        path = next_path(directory, prefix, NOW)
        assert path.is_absolute()
        assert len(os.fsencode(path.name)) <= 255
