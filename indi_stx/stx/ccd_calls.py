"""The eight calls that each of the three CCDs has.

Source: STX API, "Imaging CCD", "Internal Guide CCD" and "External Guide CCD". They differ in the
names of the calls and in the tables of `settings`.
"""

from __future__ import annotations

import contextlib
import re
from datetime import UTC, datetime
from typing import Unpack

from indi_stx.errors import ValueRefused
from indi_stx.stx.arguments import check_names, decimal, member, real
from indi_stx.stx.ccd_states import CcdState, FrameType
from indi_stx.stx.download import Download, Sink
from indi_stx.stx.failures import no_image
from indi_stx.stx.get_call import GetCall
from indi_stx.stx.link import Link
from indi_stx.stx.pacing import Priority
from indi_stx.stx.replies import invalid, single_state, single_switch
from indi_stx.stx.settings import CcdChanges, CcdSettings, Geometry, Parameter
from indi_stx.stx.timing import CommandTiming
from indi_stx.stx.uri import cgi, cgi_with, document

MIN_DURATION_S = 0.01
MAX_HEADER_BYTES = 64 * 2880
_DATE_OBS = re.compile(rb"(?s:^(?:.{80})*?DATE-OBS= *'([ -&(-~]*)')")


def _header_ends(head: bytearray) -> bool:
    """Tell whether a FITS header is complete: one of its cards is END."""
    return any(head[i : i + 80] == b"END".ljust(80) for i in range(0, len(head), 80))


class CcdCalls:
    """One of the three CCDs of a camera.

    Every call waits for its turn (see `pacing`) and raises a subclass of `CameraError` when the
    camera cannot be reached, does not answer, or refuses.
    """

    def __init__(self, link: Link, name: str, table: tuple[Parameter, ...]) -> None:
        self.name = name
        self._link = link
        self._table = {row.field: row for row in table}
        optional = [row.wire for row in table if row.optional]
        self._get_call = GetCall(link, f"{name}GetSettings", optional)

    @property
    def is_closed(self) -> bool:
        """Whether the camera was closed."""
        return self._link.is_closed

    async def get_settings(
        self, *names: str, priority: Priority = Priority.SETTINGS
    ) -> CcdSettings:
        """Ask for the parameters `names` (fields of `CcdSettings`), or for all, in one request.

        Optional parameters that this camera does not have are left out of the answer.

        Raises:
            ValueRefused: this CCD has no parameter of that name.
            CameraReplyInvalid: the answer is not a value of the parameter.
        """
        rows = [self._row(name) for name in names] or list(self._table.values())
        texts = await self._get_call.read([row.wire for row in rows], priority)
        answered = [row for row in rows if row.wire in texts]
        return CcdSettings({row.field: self._value(row, texts[row.wire]) for row in answered})

    async def set_settings(self, **changes: Unpack[CcdChanges]) -> None:
        """Change parameters, all in one request and in the document's order.

        The camera silently accepts parameters that it does not have: read optional ones back.

        Raises:
            ValueRefused: this CCD cannot set that, or not to this value.
            CameraRefused: the value is out of the camera's range.
        """
        for field in changes:
            if self._row(field).write is None:
                raise ValueRefused(f"{field} of the {self.name} cannot be set, only read.")
        rows = [(row, row.write) for row in self._table.values() if row.field in changes]
        values = {str(field): value for field, value in changes.items()}
        pairs = [(row.wire, write(values[row.field])) for row, write in rows if write]
        if pairs:
            await self._ask(cgi_with(f"{self.name}SetSettings", pairs), Priority.SETTINGS)

    async def set_geometry(self, geometry: Geometry) -> None:
        """Set binning and frame in one request, so that never only half of it is in force."""
        await self.set_settings(
            bin_x=geometry.bin_x,
            bin_y=geometry.bin_y,
            start_x=geometry.start_x,
            start_y=geometry.start_y,
            num_x=geometry.num_x,
            num_y=geometry.num_y,
        )

    async def state(self) -> CcdState:
        """Ask what the CCD is doing."""
        request = cgi(f"{self.name}State")
        text, _ = await self._link.ask(request, Priority.STATE)
        return single_state(text, CcdState, request=request)

    async def image_ready(self) -> bool:
        """Ask whether there is an image in the buffer; it may be of the previous exposure."""
        request = cgi(f"{self.name}ImageReady")
        text, _ = await self._link.ask(request, Priority.STATE)
        return single_switch(text, request=request)

    async def start_exposure(
        self, duration_s: float, frame_type: FrameType, date_time: datetime | None = None
    ) -> CommandTiming:
        """Start an exposure; return when the command was sent and answered.

        Args:
            duration_s: anything shorter than 0.01 s is sent as 0.01 s, the camera's minimum.
            frame_type: Flat differs from Light, and Bias from Dark, in the FITS header only.
            date_time: timezone-aware; DATE-OBS in the camera's own FITS file. The present moment
                when not given; a camera that gets none writes 2008-01-01.

        Raises:
            CameraBusy: an exposure is running.
            CameraRefused: the frame reaches past the sensor.
            ValueRefused: the duration is negative or not finite, there is no such type of frame,
                or the time has no time zone.
        """
        moment = self._link.clock.utc() if date_time is None else date_time
        pairs = [
            ("Duration", _duration(duration_s)),
            _frame_type(frame_type),
            ("DateTime", written_date_time(moment)),
        ]
        request = cgi_with(f"{self.name}StartExposure", pairs)
        return await self._ask(request, Priority.EXPOSURE_START)

    async def abort_exposure(self) -> None:
        """End the exposure without an image; ignored by the camera when none is running."""
        await self._ask(cgi(f"{self.name}AbortExposure"), Priority.ABORT)

    def open_data(
        self, expected_bytes: int | None
    ) -> contextlib.AbstractAsyncContextManager[Download]:
        """Open the image as 16-bit little-endian pixels, row by row, without a header.

        Use as `async with ccd.open_data(geometry.data_bytes) as chunks: async for chunk in chunks`.
        Leaving the block, at the end, early or by cancellation, closes the connection.

        Raises:
            CameraReplyInvalid: there is no image, or the camera announces another number of bytes.
        """
        return self._link.download(document(f"{self.name}Data.bin"), expected_bytes)

    def open_fits(self) -> contextlib.AbstractAsyncContextManager[Download]:
        """Open the image as a FITS file written by the camera; used like `open_data`."""
        return self._link.download(document(f"{self.name}.FIT"), None)

    async def receive_data(self, expected_bytes: int | None, sink: Sink) -> None:
        """Receive the image of `open_data` straight into `sink`, in a third of the processor time.

        Returns when all of it has arrived. Cancelling closes the connection. Once this returns or
        raises, `sink` is no longer used.

        Raises:
            CameraReplyInvalid: there is no image, or it has another number of bytes.
        """
        await self._link.receive(document(f"{self.name}Data.bin"), expected_bytes, sink)

    async def receive_fits(self, sink: Sink) -> None:
        """Receive the image of `open_fits` straight into `sink`; otherwise like `receive_data`."""
        await self._link.receive(document(f"{self.name}.FIT"), None, sink)

    async def image_date_obs(self) -> str | None:
        """Return DATE-OBS from the camera's FITS file of the image in its buffer; None without one.

        Cameras write the `date_time` of the start there, so it tells which exposure this is. Only
        the header is read, then the connection is closed.

        Raises:
            CameraReplyInvalid: there is no image.
            CameraError: one of its subclasses, as each says.
        """
        head = bytearray()
        async with self.open_fits() as chunks:
            async for chunk in chunks:
                head += chunk
                if _header_ends(head) or len(head) > MAX_HEADER_BYTES:
                    break
        if not head.startswith(b"SIMPLE  ="):
            raise no_image(document(f"{self.name}.FIT"))
        match = _DATE_OBS.search(head)
        return match[1].decode("ascii").strip() if match else None

    async def _ask(self, request: str, priority: Priority) -> CommandTiming:
        """Send a command whose answer has no text."""
        return (await self._link.ask(request, priority)).timing

    def _row(self, field: str) -> Parameter:
        check_names([field], self._table, f"parameter of the {self.name}")
        return self._table[field]

    def _value(self, row: Parameter, text: str) -> object:
        try:
            return row.read(text)
        except ValueError:
            request = cgi(f"{self.name}GetSettings", row.wire)
            invalid(f"not a value of {row.wire}", text, request=request)


def _duration(duration_s: float) -> str:
    if real(duration_s) < 0:
        raise ValueRefused(f"An exposure cannot last {duration_s} s.")
    return decimal(max(duration_s, MIN_DURATION_S), 3)


def _frame_type(frame_type: FrameType) -> tuple[str, str]:
    return "FrameType", str(int(member(frame_type, FrameType)))


def written_date_time(moment: datetime) -> str:
    """Return UTC to the millisecond, with colons.

    The document's pattern has dots, but its default time has colons, and all known clients send
    colons.
    """
    if not isinstance(moment, datetime):
        raise ValueRefused(f"{moment!r} is no datetime.")
    if moment.tzinfo is None:
        raise ValueRefused("The time of an exposure must say its time zone.")
    utc = moment.astimezone(UTC).replace(tzinfo=None)
    return utc.isoformat(timespec="milliseconds")
