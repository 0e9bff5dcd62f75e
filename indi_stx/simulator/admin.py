"""The admin port: look inside a running simulated camera and change its faults and its sky.

Loopback only, JSON both ways, not a part of the camera:
    GET /status     state of every part, active faults, requests, overloads
    GET /faults     every fault there is, with its arguments and what it does
    POST /faults    {"add": ["hang=times=1"], "clear": ["refuse"]}, or {"clear": "all"}
    POST /sky       any field of SkyConditions, as {"focus_blur_arcsec": 3.0}
"""

from __future__ import annotations

import asyncio
import json
import re
from contextlib import suppress
from dataclasses import asdict, fields, replace
from typing import Any

from indi_stx.errors import SimulatorError
from indi_stx.simulator.camera import SimulatedCamera
from indi_stx.simulator.ccd import Ccd
from indi_stx.simulator.fault_kinds import FAULTS, FaultKind
from indi_stx.simulator.relays import Relay
from indi_stx.simulator.sky_conditions import SkyConditions

HOST = "127.0.0.1"
KNOWN_REQUESTS = "GET /status, GET /faults, POST /faults, POST /sky"
KNOWN_REQUESTS = "GET /status, GET /faults, POST /faults, POST /sky"
MAX_BODY_BYTES = 100_000
TIMEOUT_S = 5.0


class Admin:
    """A small HTTP server beside the camera's own."""

    def __init__(self, camera: SimulatedCamera) -> None:
        self._camera = camera
        self._server: asyncio.Server | None = None
        self.port: int | None = None

    async def start(self, port: int) -> None:
        """Listen on loopback; raise SimulatorError when the port is taken."""
        try:
            self._server = await asyncio.start_server(self._serve, HOST, port)
        except OSError as error:
            raise SimulatorError(
                f"The admin port {port} cannot be used: {error.strerror or error}."
            ) from error
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Stop listening."""
        if self._server:
            self._server.close()
            await self._server.wait_closed()
            self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(
            OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError
        ):
            async with asyncio.timeout(TIMEOUT_S):
                method, path, body = await _read(reader)
                status, answer = self.answer(method, path, body)
                text = json.dumps(answer, indent=2).encode() + b"\n"
                writer.write(
                    f"HTTP/1.0 {status}\r\nContent-Type: application/json\r\n"
                    f"Content-Length: {len(text)}\r\n\r\n".encode()
                )
                writer.write(text)
                await writer.drain()
        writer.close()

    def answer(self, method: str, path: str, body: bytes) -> tuple[str, dict[str, Any]]:
        """Do what a request asks and return status and JSON."""
        try:
            match method, path:
                case "GET", "/status":
                    return "200 OK", self.status()
                case "GET", "/faults":
                    return "200 OK", {kind.name: _described(kind) for kind in FAULTS.values()}
                case "POST", "/faults":
                    self._change_faults(_object(body))
                case "POST", "/sky":
                    self._change_sky(_object(body))
                case _:
                    return "404 Not Found", {"error": KNOWN_REQUESTS}
        except (SimulatorError, ValueError, TypeError) as error:
            return "400 Bad Request", {"error": str(error)}
        return "200 OK", self.status()

    def status(self) -> dict[str, Any]:
        """Return the state of the camera."""
        camera = self._camera
        return {
            "model": camera.model.name,
            "camera_s": round(camera.time.now(), 3),
            "faults": [str(fault) for fault in camera.faults],
            "foreign_refusals": camera.foreign_refusals,
            "requests": len(camera.requests.records),
            "overloads": camera.requests.overloads,
            "flash_writes": camera.flash.writes,
            "ccds": {name: _ccd_status(ccd) for name, ccd in camera.ccds.items()},
            "cooler": {
                "on": camera.cooler.on,
                "setpoint_celsius": camera.cooler.setpoint_celsius,
                "temperature_celsius": round(camera.cooler.temperature_celsius(), 3),
                "power_percent": round(camera.cooler.power_percent(), 1),
            },
            "filter": {"state": camera.wheel.state().name, "position": camera.wheel.position()},
            "relays_s": {relay: round(camera.relays.remaining_s(relay), 3) for relay in Relay},
            "mirror": camera.mirror.position(camera.time.now()),
            "sky": asdict(camera.conditions),
        }

    def _change_faults(self, wanted: dict[str, Any]) -> None:
        if wanted.keys() - {"add", "clear"}:
            raise SimulatorError('POST /faults takes "add" and "clear".')
        clear = wanted.get("clear", [])
        if clear == "all":
            self._camera.faults.clear()
        else:
            for name in clear:
                self._camera.faults.clear(name)
        for text in wanted.get("add", []):
            self._camera.faults.add(str(text))

    def _change_sky(self, wanted: dict[str, Any]) -> None:
        known = {field.name for field in fields(SkyConditions)}
        if unknown := wanted.keys() - known:
            raise SimulatorError(f"No such condition: {', '.join(sorted(unknown))}.")
        values = {name: float(value) for name, value in wanted.items()}
        replace(self._camera.conditions, **values)
        for name, value in values.items():
            setattr(self._camera.conditions, name, value)


def _described(kind: FaultKind) -> dict[str, Any]:
    return {
        "summary": kind.summary,
        "arguments": {key: kind.shown(key).partition("=")[2] for key in kind.argument_names()},
    }


def _ccd_status(ccd: Ccd) -> dict[str, Any]:
    state = ccd.state()
    return {
        "present": ccd.geometry.present,
        "state": int(state),
        "image_ready": ccd.image_ready(),
        "frames": ccd.frame_count,
        "ready_at": ccd.ready_at,
    }


def _object(body: bytes) -> dict[str, Any]:
    value = json.loads(body)
    if not isinstance(value, dict):
        raise SimulatorError("The body must be a JSON object.")
    return value


async def _read(reader: asyncio.StreamReader) -> tuple[str, str, bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    method, path, *_ = [*head.split("\r\n", 1)[0].split(" "), "", ""]
    length = re.search(r"(?im)^content-length: *([0-9]{1,9})", head)
    size = min(int(length.group(1)), MAX_BODY_BYTES) if length else 0
    return method, path, await reader.readexactly(size)
