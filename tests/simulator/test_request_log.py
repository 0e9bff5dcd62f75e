"""What is recorded of each request, and the price of asking too often."""

import asyncio
import json
import time
from datetime import UTC, datetime

import pytest

from indi_stx.errors import SimulatorError


async def test_every_request_is_a_line(make_wire, tmp_path):
    path = tmp_path / "new" / "requests.jsonl"
    wire = await make_wire(request_log=path)
    before = time.monotonic()
    await wire.get("SetFITSSetting.cgi?ObjectName=M%2031&FL")
    await asyncio.sleep(0.06)
    await wire.exchange(b"PUT /nothing HTTP/1.1\r\n\r\n")
    first, second = (json.loads(line) for line in path.read_text().splitlines())
    assert before <= first["t"] < second["t"] <= time.monotonic()
    assert abs((datetime.now(UTC) - datetime.fromisoformat(first["utc"])).total_seconds()) < 5
    assert first["gap_ms"] is None
    assert second["gap_ms"] == pytest.approx((second["t"] - first["t"]) * 1000, abs=0.01)
    shown = [
        (r["connection"], r["method"], r["uri"], r["status"], r["bytes"]) for r in (first, second)
    ]
    assert shown == [
        (1, "GET", "/api/SetFITSSetting.cgi?ObjectName=M%2031&FL", 200, 0),
        (2, "PUT", "/nothing", 400, 28),
    ]
    assert wire.server.camera.requests.overloads == 0


async def test_request_that_got_no_reply_has_status_zero(make_wire, tmp_path):
    path = tmp_path / "requests.jsonl"
    wire = await make_wire(request_log=path, faults=("reset",))
    with pytest.raises(ConnectionResetError):
        await wire.get("ImagerState.cgi")
    assert json.loads(path.read_text())["status"] == 0


async def test_early_commands_are_counted_and_slow_the_answers(make_wire):
    wire = await make_wire(overload_delay_s=0.01)
    started = time.monotonic()
    await asyncio.gather(*(wire.get("ImagerState.cgi") for _ in range(20)))
    assert wire.server.camera.requests.overloads > 15
    # The last of them waits for the delays of all before it.
    assert time.monotonic() - started > 0.15


async def test_log_that_cannot_be_written_is_refused(make_wire, tmp_path):
    with pytest.raises(SimulatorError, match="request log"):
        await make_wire(request_log=tmp_path)
