"""The camera as an object: one typed method per call of its HTTP API.

The three CCDs are attributes of it. The calls for the whole camera are methods, grouped as in the
document. Source: STX API, "Camera". Ranges that the document gives are checked before anything is
sent (`ValueRefused`); a refusal, a bad answer or no answer raises a `CameraError`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Self, Unpack

from indi_stx.clock import Clock, SystemClock
from indi_stx.errors import CameraReplyInvalid
from indi_stx.stx import filters, fits_settings, guiding, settings, versions
from indi_stx.stx.arguments import real
from indi_stx.stx.ccd import Ccd
from indi_stx.stx.deadlines import TimeLimits
from indi_stx.stx.exchange import Observer
from indi_stx.stx.get_call import GetCall
from indi_stx.stx.link import Link
from indi_stx.stx.pacing import COMMAND_GAP_S, Priority
from indi_stx.stx.replies import (
    invalid,
    parse_integer,
    parse_real,
    single_line,
    single_state,
    single_switch,
)
from indi_stx.stx.timing import CommandTiming
from indi_stx.stx.uri import cgi, cgi_with

if TYPE_CHECKING:
    from indi_stx.stx.transport import HttpTransport


class Camera:
    """One STX, STXL or STT camera.

    Use it as `async with Camera("192.168.1.5") as camera:`. Nothing is sent until the first call.

    Args:
        host: name or IP address.
        port: of the camera's web server.
        clock: the time that paces commands and stamps exposures.
        command_gap_s: pause between commands; the document asks for 0.05.
        connect_timeout_s: limit for a connection to be accepted.
        timeout_s: limit for a command to be answered; starts again with every piece of a frame that
            arrives meanwhile.
        stall_timeout_s: limit between two pieces of a frame.
        transport: an `httpx.AsyncBaseTransport` that carries the requests instead of the network,
            such as `httpx.MockTransport`; closed together with the camera.
        observer: is told of every request when it is over.

    Raises:
        ValueRefused: host and port cannot be an address, or a time is impossible.
    """

    def __init__(
        self,
        host: str,
        port: int = 80,
        *,
        clock: Clock | None = None,
        command_gap_s: float = COMMAND_GAP_S,
        connect_timeout_s: float = 5.0,
        timeout_s: float = 10.0,
        stall_timeout_s: float = 15.0,
        transport: HttpTransport | None = None,
        observer: Observer | None = None,
    ) -> None:
        self._link = Link(
            host,
            port,
            clock=clock or SystemClock(),
            gap_s=real(command_gap_s),
            limits=TimeLimits(connect_timeout_s, timeout_s, stall_timeout_s),
            transport=transport,
            observer=observer,
        )
        self.imager = Ccd(self._link, "Imager", settings.IMAGER)
        self.guider = Ccd(self._link, "Guider", settings.GUIDER)
        self.external_guider = Ccd(self._link, "ExtGuider", settings.EXTERNAL_GUIDER)
        name_keys = [filters.table_key(slot) for slot in filters.SLOTS]
        self._filter_get_call = GetCall(
            self._link, "GetFilterSetting", name_keys, ["CurrentFilterName", *name_keys]
        )
        self._fits_get_call = GetCall(self._link, "GetFITSSetting", texts=fits_settings.FITS_TEXTS)
        self._relay_get_call = GetCall(self._link, "PulseGuideGetTimeRemaining")
        self._name_spellings = filters.SPELLINGS

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exc_info: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """End all connections; calls that wait or are under way raise CameraUnreachable."""
        await self._link.aclose()

    # --- identity ---------------------------------------------------------------------------------

    async def description(self) -> str:
        """Ask for the model, such as `SBIG STX-16803`."""
        request = cgi("Description")
        reply = await self._link.ask(request, Priority.SETTINGS)
        return single_line(reply.text, request=request).strip()

    async def version_numbers(self) -> versions.VersionNumbers:
        """Ask for the versions of the camera's parts."""
        request = cgi("VersionNumbers")
        return versions.parse((await self._link.ask(request, Priority.SETTINGS)).text, request)

    # --- filter wheel -----------------------------------------------------------------------------

    async def filter_state(self) -> filters.FilterState:
        """Ask whether the filter wheel moves."""
        request = cgi("FilterState")
        reply = await self._link.ask(request, Priority.SETTINGS)
        return single_state(reply.text, filters.FilterState, request=request)

    async def get_filter_settings(
        self, slots: Iterable[int] = filters.SLOTS
    ) -> filters.FilterSettings:
        """Ask for the current filter, its name and the names in `slots`, in one request.

        Raises:
            ValueRefused: a slot is not 1 to 8.
        """
        keys = {slot: filters.table_key(slot) for slot in filters.checked_slots(slots)}
        asked = ["CurrentFilter", "CurrentFilterName", *keys.values()]
        texts = await self._filter_get_call.read(asked, Priority.SETTINGS)
        request = cgi("GetFilterSetting", *asked)
        try:
            current = parse_integer(texts["CurrentFilter"])
            name = texts["CurrentFilterName"].rstrip()
        except (KeyError, ValueError):
            invalid("no number of a filter", str(texts), request=request)
        names = {slot: texts[key].rstrip() for slot, key in keys.items() if key in texts}
        return filters.FilterSettings(current, name, names)

    async def change_filter(self, position: int) -> None:
        """Send the wheel to `position`, 1 to 8, or 0 for no filter; it moves after the answer.

        Raises:
            CameraBusy: the wheel is moving.
            CameraRefused: no wheel, or it does not respond.
        """
        position = filters.checked_position(position)
        request = cgi_with("ChangeFilter", [("NewPosition", str(position))])
        await self._link.ask(request, Priority.SETTINGS)

    async def set_filter_names(self, names: Mapping[int, str]) -> None:
        """Name filters (1 to 8), 16 plain characters at most; writes only what differs.

        The document spells the parameter in two ways. Names that one spelling did not change are
        written again with the other, and the spelling that worked is remembered.

        Raises:
            CameraReplyInvalid: the camera kept an old name.
        """
        wanted = filters.checked_names(names)
        pending = await self._names_to_write(wanted)
        for spelling in self._name_spellings:
            if not pending:
                return
            pairs = [(spelling(slot), name) for slot, name in pending.items()]
            request = cgi_with("SetFilterName", pairs)
            await self._link.ask(request, Priority.SETTINGS)
            unchanged = await self._names_to_write(pending)
            if len(unchanged) < len(pending):
                others = tuple(other for other in filters.SPELLINGS if other is not spelling)
                self._name_spellings = (spelling, *others)
            pending = unchanged
        if pending:
            kept = ", ".join(str(slot) for slot in pending)
            raise CameraReplyInvalid(
                f"The camera accepted the new names of the filters {kept} but kept the old ones.",
                request=request,
            )

    async def _names_to_write(self, wanted: Mapping[int, str]) -> dict[int, str]:
        if not wanted:
            return {}
        return filters.differing(wanted, (await self.get_filter_settings(wanted)).names)

    # --- guiding ----------------------------------------------------------------------------------

    async def pulse_guide(
        self, x: guiding.RelayPulse | None = None, y: guiding.RelayPulse | None = None
    ) -> CommandTiming:
        """Close guide relays, both axes in one request; a closed one starts its time again."""
        request = cgi_with("PulseGuide", guiding.pulse_parameters(x, y))
        return (await self._link.ask(request, Priority.GUIDE)).timing

    async def is_pulse_guiding(self) -> bool:
        """Ask whether any relay is closed."""
        request = cgi("IsPulseGuiding")
        reply = await self._link.ask(request, Priority.STATE)
        return single_switch(reply.text, request=request)

    async def pulse_time_remaining(self) -> guiding.RelayTimes:
        """Ask for how long each relay will stay closed."""
        texts = await self._relay_get_call.read(guiding.RELAYS, Priority.STATE)
        try:
            return guiding.RelayTimes(*(parse_real(texts[relay]) for relay in guiding.RELAYS))
        except (KeyError, ValueError):
            request = cgi("PulseGuideGetTimeRemaining", *guiding.RELAYS)
            invalid("no times of four relays", str(texts), request=request)

    async def ao_guide(self, x: int, y: int) -> CommandTiming:
        """Move the AO mirror; 0 to 100 in both axes, 50 is the centre."""
        request = cgi_with("AOGuide", guiding.ao_parameters(x, y))
        return (await self._link.ask(request, Priority.GUIDE)).timing

    async def ao_status(self) -> guiding.AoState:
        """Ask whether the AO mirror moves."""
        request = cgi("AOStatus")
        reply = await self._link.ask(request, Priority.STATE)
        return single_state(reply.text, guiding.AoState, request=request)

    # --- the camera's own FITS headers ------------------------------------------------------------

    async def get_fits_settings(self) -> fits_settings.FitsSettings:
        """Ask for what the camera writes into its own FITS headers."""
        texts = await self._fits_get_call.read(fits_settings.FITS_WIRE_NAMES, Priority.SETTINGS)
        rows = fits_settings.FITS_PARAMETERS
        try:
            return fits_settings.FitsSettings(*(row.read(texts[row.wire]) for row in rows))
        except (KeyError, ValueError):
            request = cgi("GetFITSSetting", *fits_settings.FITS_WIRE_NAMES)
            invalid("not the six FITS settings", str(texts), request=request)

    async def set_fits_settings(self, **changes: Unpack[fits_settings.FitsChanges]) -> None:
        """Change what the camera writes into its own FITS headers; writes only what differs.

        Raises:
            ValueRefused: no setting has that name, or a value cannot be stored.
        """
        wanted = fits_settings.written(changes)
        if not wanted:
            return
        pairs = fits_settings.differing(wanted, await self.get_fits_settings())
        if pairs:
            await self._link.ask(cgi_with("SetFITSSetting", pairs), Priority.SETTINGS)
