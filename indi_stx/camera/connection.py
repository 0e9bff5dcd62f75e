"""The connection to the camera: its address, connecting, and the simulated camera."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import re
from typing import Any, Protocol

from indi_stx.camera.facts import CameraFacts
from indi_stx.driver.declarations import Save, Sw, Switches, Texts, Txt, switch, text
from indi_stx.driver.properties import Property
from indi_stx.driver.subsystem import Owner, Subsystem
from indi_stx.driver.tabs import CONNECTION, MAIN, OPTIONS
from indi_stx.errors import IndiStxError, ValueRefused
from indi_stx.indi import State

logger = logging.getLogger(__name__)

DEFAULT_PORT = "80"
RETRY_S, RETRY_MOST_S = 2.0, 30.0
"""Between two attempts of an automatic connection, at first and after several."""
_HOST_NAME = re.compile(r"[^\s/?#@:\[\]%\\]+", re.ASCII)


class Connectable(Owner, Protocol):
    """A device that a connection can be made for."""

    @property
    def connected(self) -> bool:
        """Whether there is a session."""

    async def start_simulator(self) -> tuple[str, int]:
        """Start the simulated camera and return its address."""

    async def open_session(self, host: str, port: int) -> CameraFacts:
        """Connect to a camera and read its facts; nothing is defined yet."""

    def show_session(self) -> None:
        """Define the properties of the session, and begin to poll."""

    async def end_session(self) -> None:
        """Close the session, if there is one."""

    def autosave(self, p: Property[Any]) -> None:
        """Save a property without making anybody wait."""


class Connection(Subsystem):
    """CONNECTION, and which camera it connects to."""

    device: Connectable

    connection = switch(
        "CONNECTION",
        "Connection",
        MAIN,
        {"CONNECT": Sw("Connect"), "DISCONNECT": Sw("Disconnect", True)},
    )
    simulation = switch(
        "SIMULATION",
        "Simulation",
        OPTIONS,
        {"ENABLE": Sw("Enable"), "DISABLE": Sw("Disable", True)},
        timeout_s=0,
    )
    mode = switch(
        "CONNECTION_MODE",
        "Connection Mode",
        CONNECTION,
        {"CONNECTION_TCP": Sw("Network", True)},
        save=Save.AT_START,
    )
    address = text(
        "DEVICE_ADDRESS",
        "Server",
        CONNECTION,
        {"ADDRESS": Txt("Address"), "PORT": Txt("Port", DEFAULT_PORT)},
        save=Save.AT_START,
    )

    auto = switch(
        "AUTO_CONNECT",
        "Auto connect",
        CONNECTION,
        {"INDI_ENABLED": Sw("On"), "INDI_DISABLED": Sw("Off", True)},
        timeout_s=0,
        save=Save.AT_START,
        autosave=True,
    )

    def __init__(self, device: Connectable) -> None:
        super().__init__(device)
        self._connecting: asyncio.Task[None] | None = None

    @connection.on_write
    async def _connection_requested(self, new: Switches) -> None:
        """Connect to the camera, or disconnect from it.

        Connecting goes on in the background, so that a client can change its mind. The switches
        keep their places meanwhile: some clients take CONNECT as done, whatever the state.
        """
        if self._connecting is not None:
            if new["CONNECT"]:
                self.connection.publish(state=State.BUSY)
                return
            await self.cancel()
            if self.device.connected:  # it had succeeded in that very moment
                await self._disconnect()
                return
            self.device.log.info("Connecting was cancelled.")
            self.connection.select("DISCONNECT", State.IDLE)
        elif new["CONNECT"] == self.device.connected:
            self.connection.publish(state=State.OK if new["CONNECT"] else State.IDLE)
        elif new["CONNECT"]:
            self.connection.publish(state=State.BUSY)
            self._connecting = asyncio.create_task(self._connect(), name="connecting")
            self._connecting.add_done_callback(self._connected_or_not)
        else:
            await self._disconnect()

    @property
    def connects_by_itself(self) -> bool:
        """Whether the driver connects without being asked, and brings the cooler back."""
        return self.auto["INDI_ENABLED"]

    def on_start(self) -> None:
        """Connect without being asked, if the user has saved that wish."""
        if self.connects_by_itself:
            self._connecting = asyncio.create_task(self._connect_at_last(), name="auto connect")
            self._connecting.add_done_callback(self._connected_or_not)

    def show_link(self, *, answers: bool) -> None:
        """Show whether the camera of this connection answers; the connection itself stays."""
        if self.device.connected:
            self.connection.publish(state=State.OK if answers else State.BUSY)

    async def cancel(self) -> None:
        """End an attempt to connect, if there is one."""
        if self._connecting is not None:
            self._connecting.cancel()
            await asyncio.wait([self._connecting])

    def _connected_or_not(self, task: asyncio.Task[None]) -> None:
        self._connecting = None
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("connecting failed", exc_info=error)
            self.connection.assign({"CONNECT": False, "DISCONNECT": True})
            self.device.refuse(
                self.connection, f"Internal error ({error}); please report the driver's log."
            )

    @simulation.on_write
    async def _simulation_requested(self, new: Switches) -> None:
        """Choose between the camera at the address and the simulated one."""
        if self.device.connected and new["ENABLE"] != self.simulation["ENABLE"]:
            raise ValueRefused("Disconnect before switching the simulation on or off.")
        if new["ENABLE"]:
            self.device.log.info("Simulation is enabled: Connect starts a simulated camera.")

    @address.on_check
    def _checked_address(self, new: Texts) -> Texts:
        host, port = new["ADDRESS"].strip(), new["PORT"].strip() or DEFAULT_PORT
        if not (port.isascii() and port.isdecimal()) or not 1 <= int(port) <= 65535:
            raise ValueRefused(f"Port must be a number from 1 to 65535, not {port!r}.")
        if host.startswith("[") and host.endswith("]") and _is_ip(host[1:-1]):
            host = host[1:-1]  # as IPv6 addresses are written before a port
        if host and not _is_host(host):
            raise ValueRefused(
                f"Address must be a host name or an IP address alone, such as 192.168.0.2, "
                f"not {host!r}; the port has a field of its own."
            )
        return {"ADDRESS": host, "PORT": port}

    @address.on_write
    async def _address_requested(self, new: Texts) -> None:
        """Choose the camera; takes effect with the next Connect."""
        # Loading the configuration, right after connecting, writes the same address again.
        is_other = dict(new) != self.address.values
        self.address.publish(new, State.OK)
        if self.device.connected and is_other:
            self.device.log.info("The new address is used from the next Connect on.")

    async def _connect(self) -> None:
        try:
            await self._try_to_connect()
        except IndiStxError as error:
            self.connection.assign({"CONNECT": False, "DISCONNECT": True})
            self.device.refuse(self.connection, str(error))

    async def _connect_at_last(self) -> None:
        """Try until it works; tell each reason once."""
        told, pause_s = "", RETRY_S
        while True:
            self.connection.publish(state=State.BUSY)
            try:
                return await self._try_to_connect()
            except IndiStxError as error:
                if str(error) != told:
                    told = str(error)
                    self.device.log.warning(f"{told} Trying again until it works.")
            await self.device.clock.sleep(pause_s)
            pause_s = min(2 * pause_s, RETRY_MOST_S)

    async def _try_to_connect(self) -> None:
        host, port = await self._where()
        facts = await self.device.open_session(host, port)
        self.connection.select("CONNECT", State.OK)
        self.device.log.info(f"Connected to {facts.description} at {host}:{port}.")
        if facts.lacking:
            parts = ", ".join(sorted(part.value for part in facts.lacking))
            self.device.log.info(f"This camera's firmware does not have: {parts}.")
        self.device.show_session()
        self._remember_address()

    async def _disconnect(self) -> None:
        self.connection.select("DISCONNECT", State.IDLE)
        await self.device.end_session()
        self.device.log.info("Disconnected from the camera.")

    async def _where(self) -> tuple[str, int]:
        if self.simulation["ENABLE"]:
            return await self.device.start_simulator()
        if not self.address["ADDRESS"]:
            raise ValueRefused(
                "No camera address: enter the camera's host name or IP address in the Connection "
                "tab (DEVICE_ADDRESS), or enable Simulation in the Options tab."
            )
        return self.address["ADDRESS"], int(self.address["PORT"])

    def _remember_address(self) -> None:
        """Save an address that has worked, as libindi does."""
        if not self.simulation["ENABLE"]:
            self.device.autosave(self.address)


def _is_host(host: str) -> bool:
    """Tell whether this may be a host name, or is an IPv4 or IPv6 address."""
    return bool(_HOST_NAME.fullmatch(host) and host.isascii()) or _is_ip(host)


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
