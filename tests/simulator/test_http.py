"""HTTP as the camera speaks it (STX API, HTTP Communication), over raw sockets."""

import asyncio

import pytest

from indi_stx.simulator.http_message import MAX_URI_CHARACTERS, parse_query

IDLE = b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\n0\r\n"
MALFORMED = (
    b"HTTP/1.0 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 28\r\n\r\n"
    b"0x80001009\r\nBad parameter.\r\n"
)
UNKNOWN = (
    b"HTTP/1.0 404 Not Found\r\nContent-Type: text/plain\r\nContent-Length: 11\r\n\r\nNot Found\r\n"
)


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET /api/ImagerState.cgi HTTP/1.0\r\n\r\n",
        b"GET /api/ImagerState.cgi HTTP/1.1\r\nHost: camera\r\nConnection: keep-alive\r\n\r\n",
        b"GET /api/ImagerState.cgi HTTP/1.0\n\n",
        b"GET /api/ImagerState.cgi HTTP/1.0\n\r\n",
        b"GET /api/ImagerState.cgi HTTP/1.0\r\nHost: camera\n\r\n",
        b"GET /api/ImagerState.cgi HTTP/1.0\r\nHost: camera\r\n\n",
        b"GET /api/ImagerState.cgi? HTTP/1.0\r\n\r\n",
        b"GET /api/ImagerState.cgi?0.98 HTTP/1.0\r\n\r\n",
        b"GET /api/ImagerState.cgi&0.98 HTTP/1.0\r\n\r\n",
        b"GET /api/ImagerState.cgi HTTP/1.0\r\nContent-Length: 5\r\n\r\nBinX=",
        b"GET /api/ImagerState.cgi HTTP/1.0\r\nContent-Length: lots\r\n\r\n",
    ],
)
async def test_state_is_answered(wire, request_bytes):
    assert await wire.exchange(request_bytes) == IDLE


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"POST /api/ImagerState.cgi HTTP/1.0\r\nContent-Length: 4\r\n\r\nBinX",
        b"HEAD /api/ImagerState.cgi HTTP/1.0\r\n\r\n",
        b"get /api/ImagerState.cgi HTTP/1.0\r\n\r\n",
        b"GET /api/ImagerState.cgi\r\n\r\n",
        b"GET  /api/ImagerState.cgi HTTP/1.0\r\n\r\n",
        b"GET /api/ImagerState.cgi FTP/1.0\r\n\r\n",
        b"GET api/ImagerState.cgi HTTP/1.0\r\n\r\n",
        b"GET /api/ImagerState.cgi HTTP/1.0\r\n",
        b"\r\n\r\n",
        b"\x00\xff\xfe\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc",
    ],
)
async def test_malformed_requests_are_refused(wire, request_bytes):
    assert await wire.exchange(request_bytes) == MALFORMED


@pytest.mark.parametrize(
    "path", ["/api", "/api/", "/index", "/api/imagerstate.cgi", "/api/Nothing.cgi?BinX"]
)
async def test_unknown_paths_are_not_found(wire, path):
    assert await wire.exchange(f"GET {path} HTTP/1.0\r\n\r\n".encode()) == UNKNOWN


async def test_uri_of_8192_characters_is_the_longest(wire):
    uri = "/api/ImagerState.cgi?"
    uri += "x" * (MAX_URI_CHARACTERS - len(uri))
    assert await wire.exchange(f"GET {uri} HTTP/1.0\r\n\r\n".encode()) == IDLE
    assert await wire.exchange(f"GET {uri}x HTTP/1.0\r\n\r\n".encode()) == MALFORMED


async def test_reply_does_not_wait_for_the_client_to_end_sending(wire):
    reader, writer = await wire.connect()
    for byte in b"GET /api/ImagerState.cgi HTTP/1.0\r\n\r\n":
        writer.write(bytes([byte]))
        await writer.drain()
    assert await asyncio.wait_for(reader.read(), 5) == IDLE
    writer.close()


async def test_second_request_on_a_connection_is_not_answered(wire):
    request = b"GET /api/ImagerState.cgi HTTP/1.1\r\n\r\n"
    assert (await wire.exchange(request + request)).startswith(IDLE)
    assert wire.server.camera.requests.records[-1].connection == 1


def test_query_decoding():
    query = parse_query("A=1+2%20%2B%26&B&C=&&D=x=y&E=%zz&%46=6&=7")
    assert [(p.name, p.value) for p in query] == [
        ("A", "1+2 +&"),
        ("B", None),
        ("C", ""),
        ("D", "x=y"),
        ("E", "%zz"),
        ("F", "6"),
    ]


async def test_frame_is_announced_as_binary_with_its_length(wire):
    await wire.get("GuiderSetSettings.cgi?StartX=5&StartY=7&NumX=101&NumY=51&BinX=3&BinY=2")
    await wire.take("Guider")
    reply = await wire.exchange(b"GET /api/GuiderData.bin HTTP/1.0\r\n\r\n")
    head, _, body = reply.partition(b"\r\n\r\n")
    assert head == (
        b"HTTP/1.0 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: 1650"
    )
    assert len(body) == (101 // 3) * (51 // 2) * 2
    assert body == wire.server.camera.guider.frame().pixels.tobytes()


async def test_no_send_is_larger_than_16384_bytes(wire, monkeypatch):
    sizes = []
    loop = asyncio.get_running_loop()
    send = loop.sock_sendall

    async def count(sock, data):
        sizes.append(len(data))
        await send(sock, data)

    monkeypatch.setattr(loop, "sock_sendall", count)
    frame = await wire.take("Guider")
    assert len(frame) == 657 * 495 * 2
    assert max(sizes) == 16384


async def test_bandwidth_bounds_how_fast_bytes_come(make_wire):
    wire = await make_wire(time_scale=100.0, bandwidth_bytes_per_s=1_000_000)
    loop = asyncio.get_running_loop()
    frame = await wire.take("Guider")
    started = loop.time()
    await wire.get("GuiderData.bin")
    assert loop.time() - started > len(frame) / 1_000_000 * 0.8
