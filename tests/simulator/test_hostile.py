"""Ten thousand requests that no camera should get, and the camera serves on."""

import asyncio
import random

IDLE = b"0\r\n"


def hostile_request(rng):
    """Return bytes to send, and whether to hang up at once."""
    path = rng.choice(["/api/ImagerSetSettings.cgi", "/api/PulseGuide.cgi", "/api/ImagerData.bin"])
    kind = rng.randrange(9)
    match kind:
        case 0:
            return rng.randbytes(rng.randrange(1, 3000)), rng.random() < 0.5
        case 1:
            return b"GET " + path.encode() + b"?" + rng.randbytes(200) + b" HTTP/1.0\r\n\r\n", False
        case 2:
            return b"GET /" + b"A" * rng.randrange(8000, 30000) + b" HTTP/1.0\r\n\r\n", False
        case 3:
            return b"GET /api/ImagerState.cgi HTTP/1.0\r\nX: " + b"y" * rng.randrange(
                100, 40000
            ), False
        case 4:
            value = rng.choice(["9" * 4000, "-", "%", "%00", "1e999", "nan", "=", "\u00e9", ""])
            call = f"GET {path}?BinX={value}&DirectionX={value}&DurationX={value} HTTP/1.0\r\n\r\n"
            return call.encode("latin-1"), False
        case 5:
            return b"GET /api/ImagerState.cgi HTTP/1.0"[: rng.randrange(1, 30)], True
        case 6:
            return b"POST / HTTP/1.1\r\nContent-Length: 999999999999\r\n\r\n" + bytes(500), True
        case 7:
            return b"\r\n" * rng.randrange(1, 2000), False
        case _:
            return b"GET " + b"&".join([path.encode()] * 300) + b" HTTP/9.9\r\n\r\n", False


async def attack(wire, seed, count):
    rng = random.Random(seed)
    for _ in range(count):
        request, hang_up = hostile_request(rng)
        reader, writer = await wire.connect()
        try:
            writer.write(request)
            if not hang_up:
                writer.write_eof()
                await asyncio.wait_for(reader.read(), 10)
        except OSError:
            pass  # A reset is a fair answer.
        finally:
            writer.transport.abort()


async def test_ten_thousand_hostile_requests(make_wire):
    wire = await make_wire(request_timeout_s=2.0)
    await asyncio.gather(*(attack(wire, seed, 500) for seed in range(20)))
    assert await wire.get("ImagerState.cgi") == IDLE
    assert await wire.get("ImagerGetSettings.cgi?BinX&NumX") == b"1\r\n4096\r\n"
    assert len(wire.server.camera.requests.records) > 9000


async def test_unfinished_requests_do_not_keep_others_out(make_wire):
    wire = await make_wire(request_timeout_s=30.0)
    held = [await wire.connect() for _ in range(400)]
    for _, writer in held:
        writer.write(b"GET /api/")
    assert await wire.get("ImagerState.cgi") == IDLE
    for _, writer in held:
        writer.transport.abort()


async def test_silent_and_slow_clients_are_dropped(make_wire):
    wire = await make_wire(request_timeout_s=0.2)
    silent, first = await wire.connect()
    slow, second = await wire.connect()
    second.write(b"GET /api/Im")
    assert await asyncio.wait_for(silent.read(), 5) == b""
    assert await asyncio.wait_for(slow.read(), 5) == b""
    for writer in (first, second):
        writer.close()
    assert wire.server.camera.requests.records[-1].status == 0
