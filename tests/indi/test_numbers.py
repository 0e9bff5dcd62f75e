"""Numbers as clients type them, as people read them and as the wire carries them."""

import contextlib
import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indi_stx.indi import format_number, parse_number, wire_number

finite = st.floats(allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0.0),
        ("3", 3.0),
        ("-7.25", -7.25),
        ("+.5", 0.5),
        ("5.", 5.0),
        ("1e-3", 0.001),
        ("2.5E+2", 250.0),
        ("\n 0.10000000000000000555\n", 0.1),
        ("12:30", 12.5),
        ("-0:30", -0.5),
        ("-00:00:36", -0.01),
        ("+12 30.5", 12 + 30.5 / 60),
        ("-10:30:18", -10.505),
        ("10;30;18", 10.505),
        ("10h30m18s", 10.505),
        ("10x30_18", 10.505),
        ("10h 30m 18.0s", 10.505),
        ("10° 30m 18s", 10.505),
        ("10º30\u203218\u2033", 10.505),
        ("10° 30\u2019 18\u201d", 10.505),
        ("10\xa0h\u200930ʰ18ˢ", 10.505),
        ("10ч30м18д", 10.505),
        ("10,30,18", 10.505),
        ("10:75", 11.25),
        ("10:30:", 10.5),
    ],
)
def test_reads_decimal_and_sexagesimal(text: str, value: float) -> None:
    assert parse_number(text) == pytest.approx(value, rel=1e-15)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "x",
        "-",
        ".",
        "1e",
        "e5",
        "5 C",
        "nan",
        "inf",
        "-Infinity",
        "--5",
        "1:2:3:4",
        "10:-30",
        "1e5:30",
        "10.5:30",
        ":30",
        "١٢",
        "1٢3",
        "12:3٤",
        "10:\uff13\uff10",
        "10²30",
        "10½",
        "10 一 30",
        "3\u066b5",
        "1\uff255",
        "10\uff0e5",
        "10:\u221230",
        "10\u201330",
        "10:30\ufe63",
        "1\n:\n",
        "12" + 100 * "x",
    ],
)
def test_refuses_what_is_no_number(text: str) -> None:
    with pytest.raises(ValueError, match="is not a number"):
        parse_number(text)


def test_refuses_a_decimal_comma_instead_of_taking_it_for_minutes() -> None:
    with pytest.raises(ValueError, match="'3,5' is not a number; the decimal sign is a point"):
        parse_number("3,5")


@pytest.mark.parametrize("text", ["1e999", "-1e999", "9" * 400 + ":00"])
def test_refuses_what_no_double_holds(text: str) -> None:
    with pytest.raises(ValueError, match="too large for a number"):
        parse_number(text)


@pytest.mark.parametrize("between", [" " * 200_000 + "x", "1 " * 100_000, "9" * 500_000 + "x"])
def test_hostile_text_is_refused_in_linear_time(between: str) -> None:
    # With a separator that can match in two ways, the first of these takes hours.
    with pytest.raises(ValueError, match="is not a number"):
        parse_number(f"1:{between}-")


def test_errors_quote_only_the_beginning() -> None:
    with pytest.raises(ValueError, match="is not a number") as caught:
        parse_number("x" * 1_000_000)
    assert len(str(caught.value)) < 100


@given(st.text())
def test_any_text_is_a_finite_number_or_a_value_error(text: str) -> None:
    with contextlib.suppress(ValueError):
        assert math.isfinite(parse_number(text))


@pytest.mark.parametrize(
    ("value", "fmt", "text"),
    [
        (12.3456, "%.2f", "12.35"),
        (5.0, "%4.0f", "   5"),
        (5.0, "%-6.1fC", "5.0   C"),
        (1e-5, "%g", "1e-05"),
        (42.0, "%5.1lf %%", " 42.0 %"),
        (12.5, "%10.6m", "  12:30:00"),
        (12.5, "%010.6m", "  12:30:00"),
        (-0.5, "%9.6m", " -0:30:00"),
        (10.505, "%.9m", "10:30:18.00"),
        (10.505, "%12.8m", "  10:30:18.0"),
        (10.505, "%8.5m", " 10:30.3"),
        (10.505, "%6.3m", " 10:30"),
        (0.0, "%9.6m", "  0:00:00"),
        (float("inf"), "%9.6m", "      inf"),
    ],
)
def test_shows_by_format(value: float, fmt: str, text: str) -> None:
    assert format_number(value, fmt) == text


@pytest.mark.parametrize(
    ("fraction", "text"),
    [(9, "2:00:00.00"), (8, "2:00:00.0"), (6, "2:00:00"), (5, "2:00.0"), (3, "2:00")],
)
def test_rounding_carries_into_minutes_and_the_whole(fraction: int, text: str) -> None:
    just_below = 1 + 59 / 60 + 59.9999 / 3600
    assert format_number(just_below, f"%.{fraction}m") == text
    assert format_number(-just_below, f"%.{fraction}m") == "-" + text


@pytest.mark.parametrize(
    "fmt",
    [
        "",
        "5",
        "%d",
        "%s",
        "%f %f",
        "%%5.1f",
        "%.7m",
        "%.m",
        "%.٩m",
        f"%.{'9' * 5000}m",
        "%9999999f",
        "%*f",
        "%(a)f",
    ],
)
def test_refuses_what_is_no_format(fmt: str) -> None:
    with pytest.raises(ValueError, match="is not a number format"):
        format_number(1.0, fmt)


@given(st.floats(-1e6, 1e6), st.sampled_from([9, 8, 6, 5, 3]))
def test_what_is_shown_reads_back_within_rounding(value: float, fraction: int) -> None:
    half_a_part = 0.5 / {9: 360_000, 8: 36_000, 6: 3600, 5: 600, 3: 60}[fraction]
    shown = parse_number(format_number(value, f"%12.{fraction}m"))
    assert shown == pytest.approx(value, abs=half_a_part * 1.0001)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (1.0, "1"),
        (-20.0, "-20"),
        (0.1, "0.1"),
        (1e-7, "1e-07"),
        (1e22, "1e+22"),
        (2629440, "2629440"),
        (1 / 3, "0.3333333333333333"),
    ],
)
def test_wire_numbers_are_short(value: float, text: str) -> None:
    assert wire_number(value) == text


def test_wire_number_takes_numpy_scalars() -> None:
    numpy = pytest.importorskip("numpy")
    assert wire_number(numpy.float64(0.1)) == "0.1"


@given(finite)
def test_wire_numbers_are_exact(value: float) -> None:
    assert parse_number(wire_number(value)) == value
    assert Decimal(wire_number(value)) == Decimal(repr(value))


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_wire_numbers_are_finite(value: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        wire_number(value)
