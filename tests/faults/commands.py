"""What becomes of a command whose answer, or which itself, gets lost on the way.

For each API call that changes something: the camera ends up as it was asked to be and the property
says so, or the property turns Alert and somebody says why. Only a guide pulse may be given up: sent
twice, it would move the mount twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace

from indi_stx.indi import State
from indi_stx.simulator.camera import FanState, SimulatedCamera
from indi_stx.simulator.exposure import CcdState
from indi_stx.simulator.fault_kinds import CCD_NAMES, WAYS_TO_LOSE
from indi_stx.simulator.options import SimulatorOptions
from tests.faults.cells import PREFIXES
from tests.faults.matrix import LIMIT_S
from tests.faults.night import NAMES, OPTIONS, Night, is_exactly, night
from tests.harness.observatory import check_requests

FAULTS = tuple(f"{what}={how}" for what in ("answer-lost", "request-lost") for how in WAYS_TO_LOSE)
DONE, NOT_DONE = "done", "Alert"
QUICK = replace(OPTIONS, firmware="newer", time_scale=5.0)
"""A camera with a fan, whose wheel turns quickly."""


@dataclass(frozen=True)
class Command:
    """A call, and how a client causes it.

    Attributes:
        call: the API's name of it.
        write: writes the property; returns where its answer can be at the earliest.
        name: of the property, its device's name without that of the camera, and its state when the
            command has been carried out.
        is_done: tells whether the camera is as it was asked to be.
        may_fail: the faults after which the property is to turn Alert instead.
        prepare: what has to be before.
        options: of the simulated camera.
    """

    call: str
    write: Callable[[Night], Awaitable[int]]
    name: tuple[str, str]
    is_done: Callable[[Night, int], bool]
    may_fail: frozenset[str] = frozenset()
    state: State = State.OK
    prepare: Callable[[Night], Awaitable[None]] | None = None
    options: SimulatorOptions = QUICK


async def run_command(command: Command, faults: tuple[str, ...] = FAULTS) -> dict[str, str]:
    """Let a command get lost in each of these ways; return how each ended.

    Raises:
        AssertionError: one did not end as it has to.
    """
    ccd = next((n for n, p in PREFIXES.items() if command.call.startswith(p)), CCD_NAMES[0])
    async with night(ccd, command.options) as place:
        ends = {fault: await _run(place, command, fault) for fault in faults}
        check_requests(place.server.camera.requests.records)
    return ends


async def _run(place: Night, command: Command, fault: str) -> str:
    if command.prepare is not None:
        await command.prepare(place)
    place.server.camera.faults.add(f"{fault},path=/{command.call}.cgi,times=1")
    since = await command.write(place)
    suffix, name = command.name
    report = await place.client.update_where(
        name,
        # Some properties are reported at every poll: what counts is the report after the deed.
        lambda state: (
            state is State.ALERT or (state is command.state and command.is_done(place, since))
        ),
        since,
        place.client.device + suffix,
        LIMIT_S,
    )
    where = f"{command.call}, {fault}"
    assert not list(place.server.camera.faults), f"{where}: was never sent"
    if report.state is State.ALERT:
        assert fault in command.may_fail, f"{where}: {place.said(since)}"
        assert any(text.startswith("[ERROR]") for text in place.said(since)), "nobody said why"
        return NOT_DONE
    assert fault not in command.may_fail, f"{where}: was taken as done"
    return DONE


# --- the commands of a CCD ------------------------------------------------------------------------


def _of_ccd(ccd: str) -> list[Command]:
    names, prefix = NAMES[ccd], PREFIXES[ccd]
    shift = iter(range(1, 1000))

    async def expose(place: Night) -> int:
        place.starts_before = place.starts(ccd)
        return await place.expose(ccd, 0.5)

    async def expose_elsewhere(place: Night) -> int:
        await place.choose_frame(ccd, x=100 + next(shift))
        return await expose(place)

    async def start_long_exposure(place: Night) -> None:
        since = await place.expose(ccd, 600)
        name, device = f"{names.head}_EXPOSURE", place.device(ccd)
        await place.client.update(name, State.BUSY, since=since, device=device)

    async def abort(place: Night) -> int:
        name = f"{names.head}_ABORT_EXPOSURE"
        return await place.client.switch(name, "ABORT", device=place.device(ccd))

    def has_frame(place: Night, since: int) -> bool:
        blobs = place.blobs(ccd, since)
        assert place.starts(ccd) == place.starts_before + 1, "it was started twice"
        return len(blobs) == 1 and is_exactly(blobs[0], place.taken[ccd][-1])

    def is_idle(place: Night, _since: int) -> bool:
        return place.ccd(ccd).state() is CcdState.IDLE

    exposure = (names.device_suffix, f"{names.head}_EXPOSURE")
    return [
        Command(f"{prefix}StartExposure", expose, exposure, has_frame),
        Command(f"{prefix}SetSettings", expose_elsewhere, exposure, has_frame),
        Command(
            f"{prefix}AbortExposure",
            abort,
            exposure,
            is_idle,
            state=State.IDLE,
            prepare=start_long_exposure,
        ),
    ]


# --- the commands of the whole camera -------------------------------------------------------------


def _cooler() -> Command:
    setpoints = iter(range(1, 1000))
    last = 0.0

    async def write(place: Night) -> int:
        nonlocal last
        last = float(-next(setpoints))  # always below what has been reached
        return await place.client.numbers("CCD_TEMPERATURE", CCD_TEMPERATURE_VALUE=last)

    def is_done(place: Night, _since: int) -> bool:
        cooler = place.server.camera.cooler
        return cooler.on and cooler.setpoint_celsius == last

    return Command("ImagerSetSettings", write, ("", "CCD_TEMPERATURE"), is_done, state=State.BUSY)


def _cooler_switch() -> Command:
    wished = True

    async def write(place: Night) -> int:
        nonlocal wished
        wished = not wished
        return await place.client.switch("CCD_COOLER", "COOLER_ON" if wished else "COOLER_OFF")

    return Command(
        "ImagerSetSettings",
        write,
        ("", "CCD_COOLER"),
        lambda place, _: place.server.camera.cooler.on is wished,
    )


def _fan() -> Command:
    powers = iter(range(10, 100, 5))
    last = 0

    async def write(place: Night) -> int:
        nonlocal last
        last = next(powers)
        return await place.client.numbers("CCD_FAN_POWER", CCD_FAN_VALUE=last)

    def is_done(place: Night, _since: int) -> bool:
        camera = place.server.camera
        return (camera.fan_state, camera.fan_percent()) == (FanState.MANUAL, last)

    return Command("ImagerSetSettings", write, ("", "CCD_FAN_POWER"), is_done)


def _wheel() -> Command:
    slots = iter(range(1, 1000))
    last = 1

    async def write(place: Night) -> int:
        nonlocal last
        last = next(slots) % 8 + 1
        return await place.client.numbers("FILTER_SLOT", FILTER_SLOT_VALUE=last)

    return Command(
        "ChangeFilter",
        write,
        ("", "FILTER_SLOT"),
        lambda place, _: place.server.camera.wheel.position() == last,
    )


def _filter_name() -> Command:
    numbers = iter(range(1000))
    last = ""

    async def write(place: Night) -> int:
        nonlocal last
        last = f"Red {next(numbers)}"
        return await place.client.texts("FILTER_NAME", FILTER_SLOT_NAME_2=last)

    return Command(
        "SetFilterName",
        write,
        ("", "FILTER_NAME"),
        lambda place, _: place.server.camera.flash.filter_names[1] == last,
    )


def _camera_fits() -> Command:
    numbers = iter(range(1000))
    last = ""

    async def write(place: Night) -> int:
        nonlocal last
        last = f"M {next(numbers)}"
        return await place.client.texts("CAMERA_FITS_TEXT", OBJECT_NAME=last)

    def is_done(place: Night, _since: int) -> bool:
        return place.client.values[place.client.device, "CAMERA_FITS_TEXT"]["OBJECT_NAME"] == last

    return Command("SetFITSSetting", write, ("", "CAMERA_FITS_TEXT"), is_done)


def _pulse() -> Command:
    async def write(place: Night) -> int:
        # Long enough to be asked about on a busy machine.
        return await place.client.numbers("TELESCOPE_TIMED_GUIDE_NS", TIMED_GUIDE_N=3000)

    return Command(
        "PulseGuide",
        write,
        ("", "TELESCOPE_TIMED_GUIDE_NS"),
        lambda place, _: not place.server.camera.relays.any_closed(),
        may_fail=frozenset(fault for fault in FAULTS if fault not in _PULSE_IS_FOUND),
        state=State.IDLE,
        options=OPTIONS,
    )


_PULSE_IS_FOUND = ("answer-lost=reset", "answer-lost=close")
"""Only then is it still under way when the camera is asked."""


def _mirror() -> Command:
    moves = iter(range(1000))

    async def write(place: Night) -> int:
        next(moves)
        return await place.client.numbers("AO_NS", AO_N=3)

    def is_done(place: Night, _since: int) -> bool:
        camera: SimulatedCamera = place.server.camera
        shown = place.client.values[place.client.device, "AO_POSITION"]
        return camera.mirror.position(camera.time.now()) == (shown["AO_X"], shown["AO_Y"])

    return Command("AOGuide", write, ("", "AO_NS"), is_done)


def commands() -> dict[str, Command]:
    """Return all of them, by what a person would call them."""
    found = {c.call: c for ccd in CCD_NAMES for c in _of_ccd(ccd)}
    found |= {
        "ImagerSetSettings (set point)": _cooler(),
        "ImagerSetSettings (cooler)": _cooler_switch(),
        "ImagerSetSettings (fan)": _fan(),
        "ChangeFilter": _wheel(),
        "SetFilterName": _filter_name(),
        "PulseGuide": _pulse(),
        "AOGuide": _mirror(),
        "SetFITSSetting": _camera_fits(),
    }
    return found


async def run_commands(
    names: Iterable[str], faults: tuple[str, ...] = FAULTS
) -> dict[str, dict[str, str]]:
    """Run some commands side by side, each on a camera of its own."""
    known = commands()
    async with asyncio.TaskGroup() as group:
        tasks = {name: group.create_task(run_command(known[name], faults)) for name in names}
    return {name: task.result() for name, task in tasks.items()}
