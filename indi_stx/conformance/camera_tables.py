"""The API document as data, continued: filters, guiding, FITS settings, example URIs."""

from __future__ import annotations

from indi_stx.conformance.tables import Kind, Readable

FILTER_STATES = {"0": "idle", "1": "moving", "2": "error"}
FILTER_NAMES = tuple(f"Filter{slot}Name" for slot in range(1, 9))
FILTER_READABLE = (
    Readable("CurrentFilter", Kind.INTEGER, "0", "8"),
    Readable("CurrentFilterName", Kind.TEXT),
    *(Readable(name, Kind.TEXT) for name in FILTER_NAMES),
)
FILTER_NAME_DEFAULT = "Empty"
FILTER_NAME_LENGTH = 16

RELAY_STATES = {"0": "no relay closed", "1": "a relay closed"}
RELAYS = ("XPlus", "XMinus", "YPlus", "YMinus")
RELAY_READABLE = tuple(Readable(name, Kind.DECIMAL, "0", "655.35") for name in RELAYS)
SHORTEST_PULSE, LONGEST_PULSE = "0.01", "655.35"
BAD_PULSE_TIMES = ("0", "-1", "655.36", "long")
BAD_RELAY_DIRECTIONS = ("-1", "2", "west")

AO_STATES = {"0": "idle", "1": "moving"}
AO_CENTRE = "50"
BAD_AO_POSITIONS = ("-1", "101", "left")

FITS_TEXTS = {
    "ObjectName": "Object Description",
    "Observer": "STX Camera Operator",
    "Telescope": "Telescope Description",
}
FITS_NUMBERS = {"FL": "2000.00", "Aperture": "200.00", "Area": "25000.00"}
FITS_READABLE = (
    *(Readable(name, Kind.TEXT) for name in FITS_TEXTS),
    *(Readable(name, Kind.DECIMAL) for name in FITS_NUMBERS),
)
FITS_TEXT_LENGTH = 67
PRINTABLE = "".join(chr(code) for code in range(32, 127))

RESERVED = {
    "!": "%21",
    "*": "%2A",
    "'": "%27",
    "(": "%28",
    ")": "%29",
    ";": "%3B",
    ":": "%3A",
    "@": "%40",
    "&": "%26",
    "=": "%3D",
    "+": "%2B",
    "$": "%24",
    ",": "%2C",
    "/": "%2F",
    "?": "%3F",
    "%": "%25",
    "#": "%23",
    "[": "%5B",
    "]": "%5D",
    " ": "%20",
}
VERSION_LINES = (
    "Firmware Version",
    "Gate Array Version",
    "Imaging ROP Version",
    "Tracker ROP Version",
    "HTTP API Version",
)
MAX_URI_LENGTH = 8192


def encoded(text: str) -> str:
    """Percent-encode the reserved characters, and what no URI may hold."""
    safe = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
    return "".join(RESERVED.get(one, one if one in safe else f"%{ord(one):02X}") for one in text)
