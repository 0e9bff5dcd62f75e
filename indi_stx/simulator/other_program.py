"""Another program at the same camera: what the faults `foreign-start` and `foreign-settings` do.

It uses the camera's own calls, as every client has to, so the camera may refuse it. Its requests
are not in the request log, which shows what the client under test does.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf

from indi_stx.simulator.camera import SimulatedCamera
from indi_stx.simulator.fault_kinds import CCD_NAMES, FOREIGN_SETTINGS
from indi_stx.simulator.faults import Fault
from indi_stx.simulator.http_message import parse_request_line
from indi_stx.simulator.routes import Routes

_PREFIXES = dict(zip(CCD_NAMES, ("Imager", "Guider", "ExtGuider"), strict=True))
_NAMES = ("foreign-start", "foreign-settings")


class OtherProgram:
    """Carries out each of its faults once its time has come, or before a chosen call.

    Attributes:
        on_plan: hears whenever `next_due_s` may have changed.
    """

    def __init__(self, camera: SimulatedCamera, routes: Routes) -> None:
        self._camera = camera
        self._routes = routes
        self._due_s: dict[Fault, float] = {}
        self.on_plan: Callable[[], None] = lambda: None

    def notice_faults(self) -> None:
        """Take up what is new, let go of what was cleared, and do what is due at once."""
        faults, now = self._camera.faults, self._camera.time.now()
        self._due_s = {fault: due for fault, due in self._due_s.items() if fault in faults}
        for fault in faults:
            if fault.name in _NAMES and fault not in self._due_s:
                at_a_call = bool(fault.words["path"])
                self._due_s[fault] = inf if at_a_call else now + fault.numbers["after"]
        self.act()
        self.on_plan()

    def next_due_s(self) -> float:
        """Return the camera time of what comes next, infinite when nothing does."""
        return min(self._due_s.values(), default=inf)

    def act(self) -> None:
        """Do all that is due."""
        now = self._camera.time.now()
        for fault in [fault for fault, due in self._due_s.items() if due <= now]:
            if fault.words["path"]:
                self._due_s[fault] = inf
                self._perform(fault)
                self._camera.faults.count(fault)
            else:
                # Gone before it acts: what it does may change faults, which calls this again.
                del self._due_s[fault]
                self._camera.faults.end(fault)
                self._perform(fault)

    def before(self, path: str) -> None:
        """Notice that a client's request for `path` is about to be carried out."""
        now = self._camera.time.now()
        for fault, due in self._due_s.items():
            if due == inf and fault.applies(path, fault.words["ccd"]):
                self._due_s[fault] = now + fault.numbers["after"]
        self.act()
        self.on_plan()

    def _perform(self, fault: Fault) -> None:
        prefix = _PREFIXES[fault.words["ccd"] or CCD_NAMES[0]]
        if fault.name == "foreign-start":
            call = f"{prefix}StartExposure.cgi?Duration={fault.numbers['duration']:f}&FrameType=1"
            if fault.words["datetime"]:
                call += f"&DateTime={fault.words['datetime']}"
            self._ask(call)
            return
        given = {key: fault.numbers[key] for key in FOREIGN_SETTINGS if key in fault.numbers}
        position = given.pop("NewPosition", None)
        if given:
            query = "&".join(f"{key}={value:g}" for key, value in given.items())
            self._ask(f"{prefix}SetSettings.cgi?{query}")
        if position is not None:
            self._ask(f"ChangeFilter.cgi?NewPosition={position:g}")

    def _ask(self, call: str) -> None:
        request = parse_request_line(f"GET /api/{call} HTTP/1.0".encode("latin-1", "replace"))
        if self._routes.answer(request).status != 200:
            self._camera.foreign_refusals += 1
