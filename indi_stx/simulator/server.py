"""The camera on the network: listener, connections and background work.

One request a connection, answered in HTTP/1.0 and closed, as STX API, HTTP Communication has it.
Frames are developed in worker threads while the read-out's time passes.
"""

from __future__ import annotations

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor
from math import inf

from indi_stx.clock import Clock
from indi_stx.errors import SimulatorError
from indi_stx.simulator.admin import Admin
from indi_stx.simulator.camera import SimulatedCamera
from indi_stx.simulator.ccd import Ccd
from indi_stx.simulator.connection import Connection, ServedCamera
from indi_stx.simulator.exposure import Exposure
from indi_stx.simulator.faults import Fault
from indi_stx.simulator.link import Link
from indi_stx.simulator.options import SimulatorOptions
from indi_stx.simulator.other_program import OtherProgram
from indi_stx.simulator.routes import Routes

MAX_CONNECTIONS = 256


class SimulatorServer:
    """One simulated camera at `host`:`port`; `start` it, then `close` it."""

    def __init__(self, options: SimulatorOptions, clock: Clock | None = None) -> None:
        self.options = options
        self.host = options.host
        self.port = options.port
        self.camera = SimulatedCamera(options, clock)
        self._link = Link(options.bandwidth_bytes_per_s, options.latency_s)
        self._workers = ThreadPoolExecutor(3, thread_name_prefix="stx-simulator")
        routes = Routes(self.camera)
        self._other_program = OtherProgram(self.camera, routes)
        self._served = ServedCamera(
            self.camera, routes, self._link, self._workers, self._other_program
        )
        self._other_acts: asyncio.TimerHandle | None = None
        self._listener: socket.socket | None = None
        self._accepting: asyncio.Task[None] | None = None
        self._connections: dict[Connection, asyncio.Task[None]] = {}
        self._developing: set[asyncio.Task[None]] = set()
        self._timers: dict[Fault, asyncio.TimerHandle] = {}
        self._rebooting: set[Fault] = set()
        self._number = 0
        self._admin = Admin(self.camera) if options.admin_port is not None else None

    async def start(self) -> None:
        """Listen; raise SimulatorError, with nothing left open, when a port cannot be had."""
        for ccd in self.camera.ccds.values():
            ccd.on_start = self._schedule_development
        try:
            self._listen()
            self.camera.faults.on_change = self._apply_faults
            self._other_program.on_plan = self._await_other_program
            self._apply_faults()
            if self._admin and self.options.admin_port is not None:
                await self._admin.start(self.options.admin_port)
        except SimulatorError:
            await self.close()
            raise

    @property
    def admin_port(self) -> int | None:
        """The port of the admin interface, when there is one."""
        return self._admin.port if self._admin else None

    async def close(self) -> None:
        """Stop listening, drop connections, end all background work."""
        self.camera.faults.on_change = self._other_program.on_plan = lambda: None
        for timer in [*self._timers.values(), *([self._other_acts] if self._other_acts else [])]:
            timer.cancel()
        tasks = [*self._connections.values(), *self._developing, *self._stop_listening()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._admin:
            await self._admin.close()
        self._workers.shutdown(wait=True, cancel_futures=True)
        self.camera.requests.close()

    def _listen(self) -> None:
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((self.host, self.port))
            listener.listen(128)
        except OSError as error:
            listener.close()
            raise SimulatorError(
                f"The simulated camera cannot listen on {self.host} port {self.port}: "
                f"{error.strerror or error}. Choose another port, or 0 for any free one."
            ) from error
        listener.setblocking(False)
        self.port = int(listener.getsockname()[1])
        self._listener = listener
        self._accepting = asyncio.create_task(self._accept(listener), name="simulator accepts")

    def _stop_listening(self) -> list[asyncio.Task[None]]:
        if self._listener is None or self._accepting is None:
            return []
        task, listener = self._accepting, self._listener
        asyncio.get_running_loop().remove_reader(listener.fileno())
        listener.close()
        self._accepting = self._listener = None
        task.cancel()
        return [task]

    async def _accept(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                client, _ = await loop.sock_accept(listener)
            except OSError:
                # Out of descriptors, or the peer is gone already: neither ends the camera.
                await asyncio.sleep(0.05)
                continue
            self._number += 1
            self._serve(Connection(client, self._number, self._served))

    def _serve(self, connection: Connection) -> None:
        if len(self._connections) >= MAX_CONNECTIONS:
            # Somebody who never finishes a request must not keep others out.
            self._connections[min(self._connections, key=lambda c: c.number)].cancel()
        task = asyncio.create_task(connection.run(), name=f"simulator serves {connection.number}")
        self._connections[connection] = task
        task.add_done_callback(lambda _: self._connections.pop(connection, None))

    def _schedule_development(self, ccd: Ccd, exposure: Exposure) -> None:
        task = asyncio.create_task(self._develop(ccd, exposure), name=f"exposure of {ccd.name}")
        self._developing.add(task)
        task.add_done_callback(self._developing.discard)

    async def _develop(self, ccd: Ccd, exposure: Exposure) -> None:
        await self.camera.time.sleep_until(exposure.shutter_closes_at)
        if not ccd.awaits(exposure):
            return
        loop = asyncio.get_running_loop()
        ccd.deliver(await loop.run_in_executor(self._workers, ccd.develop, exposure))

    def _apply_faults(self) -> None:
        """Bring listener, link and camera in line with the active faults."""
        faults = self.camera.faults
        self.camera.apply_faults()
        self._slow_the_link()
        self._time_absences()
        self._other_program.notice_faults()
        away = "refuse" in faults or any(fault in faults for fault in self._rebooting)
        if away and self._listener:
            self._stop_listening()
        elif not away and not self._listener:
            self._listen()

    def _time_absences(self) -> None:
        """Begin what is new among refusals and reboots, and give each a timer of its own."""
        for fault in [fault for fault in self._timers if fault not in self.camera.faults]:
            self._timers.pop(fault).cancel()
            self._rebooting.discard(fault)
        for fault in self.camera.faults:
            if fault in self._timers:
                continue
            match fault.name, fault.numbers.get("seconds", 0.0):
                case "refuse", seconds if seconds:
                    self._end_after(fault, seconds)
                case "reboot", _:
                    self._reboot_after(fault, fault.numbers["after"])

    def _await_other_program(self) -> None:
        """Set the timer for what another program does next."""
        if self._other_acts:
            self._other_acts.cancel()
            self._other_acts = None
        time, due_s = self.camera.time, self._other_program.next_due_s()
        if due_s < inf:
            wait_s = max(0.0, due_s - time.now()) / time.time_scale
            loop = asyncio.get_running_loop()
            self._other_acts = loop.call_later(wait_s, self._let_other_program_act)

    def _let_other_program_act(self) -> None:
        self._other_program.act()
        self._await_other_program()

    def _slow_the_link(self) -> None:
        slow, options = self.camera.faults.get("slow-link"), self.options
        self._link.bytes_per_s = options.bandwidth_bytes_per_s
        self._link.latency_s = options.latency_s
        if slow:
            self._link.bytes_per_s = slow.numbers["bytes_per_s"] or options.bandwidth_bytes_per_s
            self._link.latency_s = slow.numbers["latency_s"] or options.latency_s

    def _reboot_after(self, fault: Fault, seconds: float) -> None:
        if not seconds:
            self._reboot(fault)
            return
        loop = asyncio.get_running_loop()
        self._timers[fault] = loop.call_later(seconds, self._reboot, fault)

    def _reboot(self, fault: Fault) -> None:
        """Lose connections and settings and be away for a while; the Flash stays."""
        self._end_after(fault, fault.numbers["seconds"])
        self._rebooting.add(fault)
        for connection, task in list(self._connections.items()):
            connection.reset()
            task.cancel()
        self.camera.power_up()
        self._apply_faults()

    def _end_after(self, fault: Fault, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        self._timers[fault] = loop.call_later(seconds, self.camera.faults.end, fault)

    async def __aenter__(self) -> SimulatorServer:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
