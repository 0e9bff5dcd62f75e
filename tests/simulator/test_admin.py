"""The admin port: status, faults and sky of a running camera."""

import asyncio
import json

import pytest


@pytest.fixture
async def admin(make_wire):
    wire = await make_wire(admin_port=0)

    async def ask(method, path, body=None):
        text = body if isinstance(body, bytes) else json.dumps(body).encode() if body else b""
        reader, writer = await asyncio.open_connection("127.0.0.1", wire.server.admin_port)
        head = f"{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(text)}\r\n\r\n"
        writer.write(head.encode() + text)
        reply = await reader.read()
        writer.close()
        await writer.wait_closed()
        head, _, answer = reply.partition(b"\r\n\r\n")
        return int(head.split()[1]), json.loads(answer)

    ask.wire = wire
    return ask


async def test_status_tells_what_every_part_does(admin):
    await admin.wire.get("ImagerSetSettings.cgi?CoolerState=1&CCDTemperatureSetpoint=-10")
    await admin.wire.get("GuiderStartExposure.cgi?Duration=60&FrameType=1")
    await admin.wire.get("PulseGuide.cgi?DirectionX=1&DurationX=60")
    code, status = await admin("GET", "/status")
    assert code == 200
    assert status["model"] == "STX-16803"
    assert status["cooler"]["setpoint_celsius"] == -10
    assert status["ccds"]["guider"]["state"] == 2
    assert status["relays_s"]["XMinus"] > 50
    assert status["requests"] == 3
    assert status["faults"] == []


async def test_faults_come_and_go(admin):
    code, status = await admin("POST", "/faults", {"add": ["reset=times=3", "zero-frame"]})
    assert (code, status["faults"]) == (200, ["reset=times=3", "zero-frame"])
    _, status = await admin("POST", "/faults", {"clear": ["reset"], "add": ["no-guider"]})
    assert status["faults"] == ["zero-frame", "no-guider"]
    assert await admin.wire.get("GuiderGetSettings.cgi?CameraXSize") == b"0\r\n"
    _, status = await admin("POST", "/faults", {"clear": "all"})
    assert status["faults"] == []
    assert await admin.wire.get("GuiderGetSettings.cgi?CameraXSize") == b"657\r\n"


async def test_camera_that_refuses_connections_can_still_be_administered(admin):
    await admin("POST", "/faults", {"add": ["refuse"]})
    with pytest.raises(ConnectionRefusedError):
        await admin.wire.connect()
    await admin("POST", "/faults", {"clear": ["refuse"]})
    assert await admin.wire.get("ImagerState.cgi") == b"0\r\n"


async def test_sky_can_be_changed(admin):
    code, status = await admin("POST", "/sky", {"focus_blur_arcsec": 4, "seeing_arcsec": 1.5})
    assert (code, status["sky"]["focus_blur_arcsec"]) == (200, 4.0)
    assert admin.wire.server.camera.conditions.seeing_arcsec == 1.5


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/", None, 404),
        ("POST", "/status", {}, 404),
        ("POST", "/faults", {"add": ["nonsense"]}, 400),
        ("POST", "/faults", {"set": []}, 400),
        ("POST", "/faults", b"not json", 400),
        ("POST", "/faults", b"[]", 400),
        ("POST", "/faults", {"add": 5}, 400),
        ("POST", "/sky", {"clouds": 1}, 400),
        ("POST", "/sky", {"seeing_arcsec": "bad"}, 400),
        ("POST", "/sky", {"seeing_arcsec": -1}, 400),
    ],
)
async def test_nonsense_is_answered_with_a_reason(admin, method, path, body, status):
    code, answer = await admin(method, path, body)
    assert code == status
    assert answer["error"]
