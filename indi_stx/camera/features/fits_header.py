"""What the user adds to the FITS headers: cards, observer and object, optics, orientation.

FITS_HEADER serves two generations of clients with one vector: those of libindi up to 2.0.0 write
observer and object, later ones write one keyword, value and comment at a time. KStars finds these
three elements by their position, so they come first.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING

from indi_stx.camera.exposing.surroundings import UNKNOWN
from indi_stx.camera.session import CameraSession, Feature
from indi_stx.camera.tabs import WCS
from indi_stx.driver.declarations import (
    Condition,
    Num,
    Numbers,
    Save,
    Sw,
    Switches,
    Texts,
    Txt,
    number,
    switch,
    text,
)
from indi_stx.driver.tabs import GENERAL, OPTIONS
from indi_stx.errors import ValueRefused
from indi_stx.indi import State, wire_number

if TYPE_CHECKING:
    from indi_stx.images.header_facts import CustomCard

CLEAR = "INDI_CLEAR"
"""A write with this as the keyword removes all cards."""
KEYWORD_ELEMENTS = ("KEYWORD_NAME", "KEYWORD_VALUE", "KEYWORD_COMMENT")
ELEMENTS_OF_CARDS = {"OBSERVER": "FITS_OBSERVER", "OBJECT": "FITS_OBJECT"}
"""Cards that can be written in two ways: the last one counts."""


class UserCards:
    """What the user has set for the headers; outlives the connection."""

    def __init__(self) -> None:
        self.cards: dict[Hashable, CustomCard] = {}
        self.rotation_is_known = False


class FitsHeader(Feature):
    """FITS_HEADER, FITS_CHECKSUM, SCOPE_INFO, WCS_CONTROL and CCD_ROTATION."""

    header = text(
        "FITS_HEADER",
        "FITS Header",
        GENERAL,
        {
            "KEYWORD_NAME": Txt("Name"),
            "KEYWORD_VALUE": Txt("Value"),
            "KEYWORD_COMMENT": Txt("Comment"),
            "FITS_OBSERVER": Txt("Observer", UNKNOWN),
            "FITS_OBJECT": Txt("Object", UNKNOWN),
        },
        lasting=True,
    )
    checksum = switch(
        "FITS_CHECKSUM",
        "Checksums",
        OPTIONS,
        {"INDI_ENABLED": Sw("Enabled"), "INDI_DISABLED": Sw("Disabled", True)},
        timeout_s=0,
        save=Save.AT_START,
    )
    scope_info = number(
        "SCOPE_INFO",
        "Scope",
        OPTIONS,
        {
            "FOCAL_LENGTH": Num("Focal Length (mm)", "%g", 0, 10000, 1),
            "APERTURE": Num("Aperture (mm)", "%g", 0, 3000, 1),
        },
        save=Save.AT_START,
        autosave=True,
    )
    wcs = switch(
        "WCS_CONTROL",
        "WCS",
        WCS,
        {"WCS_ENABLE": Sw("Enable"), "WCS_DISABLE": Sw("Disable", True)},
        timeout_s=0,
        lasting=True,
    )
    rotation = number(
        "CCD_ROTATION",
        "CCD FOV",
        WCS,
        {"CCD_ROTATION_VALUE": Num("Rotation", "%g", -360, 360, 1)},
        exists=Condition("while WCS_CONTROL is on", lambda header: header.wcs["WCS_ENABLE"]),
        lasting=True,
    )

    def __init__(self, session: CameraSession) -> None:
        super().__init__(session)
        self._kept = session.lasting.of(UserCards)

    # --- for the header ------------------------------------------------------------------------

    @property
    def cards(self) -> tuple[CustomCard, ...]:
        """The user's cards, in the order in which they were first written."""
        return tuple(self._kept.cards.values())

    @property
    def wants_checksums(self) -> bool:
        """Whether frames get CHECKSUM and DATASUM."""
        return self.checksum["INDI_ENABLED"]

    @property
    def observer(self) -> str:
        """Who observes; "Unknown" until it is set."""
        return self.header["FITS_OBSERVER"]

    @property
    def object_name(self) -> str:
        """What is observed; "Unknown" until it is set."""
        return self.header["FITS_OBJECT"]

    @property
    def focal_length_mm(self) -> float | None:
        """The focal length the user gave, None for none."""
        return self.scope_info["FOCAL_LENGTH"] or None

    @property
    def aperture_mm(self) -> float | None:
        """The aperture the user gave, None for none."""
        return self.scope_info["APERTURE"] or None

    @property
    def rotation_deg(self) -> float | None:
        """The camera's orientation, None while it is unknown or world coordinates are off."""
        known = self.wcs["WCS_ENABLE"] and self._kept.rotation_is_known
        return self.rotation["CCD_ROTATION_VALUE"] if known else None

    # --- cards ---------------------------------------------------------------------------------

    @header.on_write
    async def _header_requested(self, new: Texts) -> None:
        """Take one card, observer and object, or both: KStars always sends all elements."""
        keyword, value, comment = (new[element].strip() for element in KEYWORD_ELEMENTS)
        self._let_the_last_write_win(new, alone=not (keyword or value or comment))
        if keyword.upper() == CLEAR:
            self._kept.cards.clear()
        elif keyword or value or comment:
            self._keep(keyword, value, comment)
        elif self.header.written <= set(KEYWORD_ELEMENTS):
            raise ValueRefused("FITS Header: give a keyword and a value, or a comment.")
        self._tell_what_is_put_into_ascii(new)
        # An old keyword must not come back when a client writes only observer or object next.
        self.header.publish({**new, **dict.fromkeys(KEYWORD_ELEMENTS, "")}, State.OK)

    def _let_the_last_write_win(self, new: Texts, *, alone: bool) -> None:
        """Drop cards that observer or object replace: changed ones, and those written alone.

        KStars writes all elements for each card, observer and object as they were: those do not
        mean that the card of before is to go.
        """
        for keyword, element in ELEMENTS_OF_CARDS.items():
            changed = new[element] != self.header[element]
            named_again = alone and element in self.header.written and new[element] != UNKNOWN
            if changed or named_again:
                self._kept.cards.pop(keyword, None)

    def _tell_what_is_put_into_ascii(self, new: Texts) -> None:
        from indi_stx.images.ascii_text import to_ascii

        for element in self.header.written - {"KEYWORD_NAME"}:
            text = new[element].strip()
            if (plain := to_ascii(text)) != text and text != self.header[element]:
                self.device.log.info(f"FITS headers hold ASCII: {text!r} is written as {plain!r}.")

    def _keep(self, keyword: str, value: str, comment: str) -> None:
        """Keep a card in place of one with its keyword; keep each different comment."""
        from indi_stx.images.header_cards import COMMENTARY, parse_custom_card

        card = parse_custom_card(keyword, value, comment)
        self._kept.cards[card if card.keyword in COMMENTARY else card.keyword] = card

    # --- world coordinates ---------------------------------------------------------------------

    @wcs.on_write
    async def _wcs_requested(self, new: Switches) -> None:
        """Offer CCD_ROTATION while world coordinates are wanted."""
        if new["WCS_ENABLE"]:
            self.device.log.info("World Coordinate System is enabled.")
        else:
            self.device.log.info("World Coordinate System is disabled.")
            self._kept.rotation_is_known = False

    @rotation.on_write
    async def _rotation_requested(self, new: Numbers) -> None:
        """Take the orientation that a plate solver found."""
        self._kept.rotation_is_known = True
        self.rotation.publish(new, State.OK)
        degrees = wire_number(new["CCD_ROTATION_VALUE"])
        self.device.log.info(f"CCD FOV rotation updated to {degrees} degrees.")
