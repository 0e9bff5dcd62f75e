"""The camera's own web pages, for a person with a browser and for the clients that use them.

They are not in the API document. Addresses, forms and fields are those that published clients of
real cameras read and send; the words are this project's own. What a page sets is refused with the
error numbers of the API.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from indi_stx.simulator.camera import SimulatedCamera
from indi_stx.simulator.error_codes import ErrorCode
from indi_stx.simulator.exposure import CcdState, FrameType
from indi_stx.simulator.filter_wheel import FilterState
from indi_stx.simulator.flash import MAX_FILTER_NAME, is_printable
from indi_stx.simulator.http_message import Parameter, Reply, html_reply, refusal
from indi_stx.simulator.numerals import parse_integer, two_decimals
from indi_stx.simulator.parameter_tables import Query, Setter, first_values
from indi_stx.simulator.preview import preview_file
from indi_stx.simulator.web_markup import (
    form,
    hidden_input,
    page,
    paragraph,
    radio_inputs,
    selection,
    text_input,
    value_table,
)
from indi_stx.simulator.web_setup import SetupPage

Call = Callable[[Query], Reply]

REBOOT_S = 3.0
VERSION_NAMES = (
    "Firmware",
    "Gate array",
    "Imaging ROP",
    "Tracker ROP",
    "HTTP API",
    "Serial number",
)
_SEND_NOW = (
    "<script>document.forms.Exposure.onsubmit = function () {"
    " this.DateTime.value = new Date().toISOString().slice(0, 23); };</script>"
)


class WebPages:
    """The pages of one camera by their paths."""

    def __init__(
        self,
        camera: SimulatedCamera,
        versions: tuple[str, ...],
        api: dict[str, Call],
        setters: dict[str, Setter],
    ) -> None:
        self._camera = camera
        self._versions = versions
        self._api = api
        self._form = _ExposureForm()
        self.handlers: dict[str, Call] = {
            "/": lambda _: html_reply(self._index()),
            "/index.html": lambda _: html_reply(self._index()),
            "/setup.html": SetupPage(camera, setters).answer,
            "/exposure.html": self._exposure,
            "/filtersetup.html": self._filters,
            "/network.html": self._network,
            "/Image.FIT": api["/api/Imager.FIT"],
            "/Preview.jpg": self._preview,
        }

    def _index(self) -> str:
        camera = self._camera
        imager = camera.imager.geometry
        values = {
            "Model": camera.model.description,
            **dict(zip(VERSION_NAMES, self._versions, strict=False)),
            "Imaging CCD": f"{imager.columns} x {imager.rows}",
            "State": _words(camera.imager.state()),
            "CCD temperature": f"{two_decimals(camera.cooler.temperature_celsius())} C",
            "Ambient temperature": f"{two_decimals(camera.cooler.ambient_celsius)} C",
            "Cooler power": f"{two_decimals(camera.cooler.power_percent())} %",
        }
        return page(camera.model.description, value_table(values))

    def _exposure(self, query: Query) -> Reply:
        """Start or abort an exposure of the imaging CCD, as the query says, and show the form."""
        given, reply = first_values(query), html_reply("")
        if any(parameter.name == "Abort" for parameter in query):
            reply = self._api["/api/ImagerAbortExposure.cgi"](())
        elif "ExposureTime" in given:
            sent = {"Duration": given["ExposureTime"], "FrameType": given.get("ImageType", "1")}
            if given.get("DateTime"):
                sent["DateTime"] = given["DateTime"]
            contrast = parse_integer(given.get("Contrast", "0"))
            if contrast not in (0, 1):
                return refusal(ErrorCode.BAD_PARAMETER)
            start = self._api["/api/ImagerStartExposure.cgi"]
            reply = start(tuple(Parameter(name, value) for name, value in sent.items()))
            if reply.status == 200:
                self._form = _ExposureForm(sent["Duration"], int(sent["FrameType"]), contrast)
        return reply if reply.status != 200 else html_reply(self._exposure_page())

    def _exposure_page(self) -> str:
        shown, imager = self._form, self._camera.imager
        kinds = {int(kind): kind.fits_name for kind in FrameType}
        rows = {
            "Exposure, s": text_input("ExposureTime", shown.exposure_time),
            "Kind": radio_inputs("ImageType", kinds, shown.image_type),
            "Contrast of the preview": radio_inputs(
                "Contrast", {0: "automatic", 1: "manual"}, shown.contrast
            )
            + hidden_input("DateTime"),
        }
        parts = [
            paragraph(
                f"The imaging CCD is {_words(imager.state())}.",
                [("/exposure.html", "Look again"), ("/exposure.html?Abort", "Abort")],
            ),
            form("Exposure", rows, action="/exposure.html", button="Expose"),
            _SEND_NOW,
        ]
        if imager.image_ready():
            parts.append(paragraph("The last frame:", [("/Image.FIT", "FITS file")]))
            parts.append('<img src="/Preview.jpg" alt="The last frame">')
        return page("Exposure", *parts)

    def _filters(self, query: Query) -> Reply:
        """Move the wheel or name filters, as the query says, and show both forms."""
        given = first_values(query)
        if "Filter" in given:
            wheel, position = self._camera.wheel, parse_integer(given["Filter"])
            code = wheel.initialise() if position == 0 else wheel.move(position or -1)
            if code is not None:
                return refusal(code)
        self._name_filters(given)
        return html_reply(self._filters_page())

    def _name_filters(self, given: dict[str, str]) -> None:
        """Store names as SetFilterName does; the Flash is written only for a new one."""
        flash = self._camera.flash
        names = [given.get(f"Filter{n}", name) for n, name in enumerate(flash.filter_names, 1)]
        cut = [name[:MAX_FILTER_NAME] for name in names]
        if cut != flash.filter_names and all(map(is_printable, cut)):
            flash.filter_names[:] = cut
            flash.store()

    def _filters_page(self) -> str:
        wheel, names = self._camera.wheel, self._camera.flash.filter_names
        numbered = dict(enumerate(names, 1))
        choices = {n: f"{n} {names[n - 1]}" for n in range(1, wheel.slots + 1)}
        moving = wheel.state() is FilterState.MOVING
        names_form = {f"Filter {n}": text_input(f"Filter{n}", name) for n, name in numbered.items()}
        return page(
            "Filters",
            paragraph(
                f"The wheel is {'moving' if moving else wheel.state().name.lower()}.",
                [("/filtersetup.html?Filter=0", "Initialise it")],
            ),
            form(
                "FilterSelect",
                {"Filter": selection("Filter", choices, wheel.target)},
                action="/filtersetup.html",
                button="Move",
            ),
            form("FilterNames", names_form, action="/filtersetup.html", button="Store names"),
        )

    def _network(self, query: Query) -> Reply:
        """Show addresses; whatever is submitted makes the camera start again, as the real one."""
        if query:
            away_s = REBOOT_S / self._camera.options.time_scale
            self._camera.faults.add(f"reboot=seconds={away_s:f}")
        rows = {
            "Address": text_input("IPAddress", self._camera.options.host),
            "Subnet mask": text_input("SubnetMask", "255.255.255.0"),
            "Gateway": text_input("Gateway", "0.0.0.0"),
            "Addresses are": radio_inputs("DHCP", {0: "as above", 1: "given by the network"}, 0),
        }
        return html_reply(
            page(
                "Network",
                paragraph("The simulated camera keeps its address; it only starts again."),
                form("EthernetParams", rows, action="/network.html", button="Start again"),
            )
        )

    def _preview(self, _: Query) -> Reply:
        """Send the frame in the image buffer as a small JPEG, or no byte when there is none."""
        frame, sensor = self._camera.imager.frame(), self._camera.imager.sensor.model
        if frame is None:
            return Reply(binary=True, content_type="image/jpeg")
        pixels, stretched = frame.pixels, self._form.contrast == 0
        return Reply(
            binary=True,
            content_type="image/jpeg",
            compose=lambda: preview_file(pixels, stretched=stretched, max_adu=sensor.max_adu),
        )


@dataclass(frozen=True)
class _ExposureForm:
    """What the exposure page was sent last."""

    exposure_time: str = "1.0"
    image_type: int = FrameType.LIGHT
    contrast: int = 0


def _words(state: CcdState) -> str:
    return state.name.lower().replace("_", " ")
