"""What the client raises, and says, when something between it and the camera goes wrong."""

from __future__ import annotations

import asyncio
import errno
import inspect
import socket

import httpx
import pytest

from indi_stx.errors import (
    CameraBusy,
    CameraError,
    CameraRefused,
    CameraReplyInvalid,
    CameraTimeout,
    CameraUnreachable,
    ValueRefused,
)
from indi_stx.stx import Camera, FrameType
from indi_stx.stx.replies import REFUSALS
from indi_stx.stx.transport import HTTPX_ERRORS, camera_error, mapped
from tests.stx.canned import CannedCamera, bad, frame, ok

HTTPX_CLASSES = [
    value
    for value in vars(httpx).values()
    if inspect.isclass(value) and issubclass(value, Exception)
]


def instance(kind: type[Exception]) -> Exception:
    """Build one of httpx's errors; some take other arguments than a message."""
    if kind is httpx.HTTPStatusError:
        request = httpx.Request("GET", "http://camera/")
        return kind("500", request=request, response=httpx.Response(500))  # type: ignore[call-arg]
    try:
        return kind("something")
    except TypeError:
        return kind()


@pytest.mark.parametrize("kind", HTTPX_CLASSES, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("body", [False, True])
def test_no_httpx_error_gets_through(kind: type[Exception], body: bool) -> None:
    assert issubclass(kind, HTTPX_ERRORS)
    with pytest.raises(CameraError) as caught, mapped("cam:80", "/api/X.cgi", body=body):
        raise instance(kind)
    assert caught.value.request == "/api/X.cgi"
    assert "cam:80" in str(caught.value)


def test_httpx_has_the_classes_we_walk() -> None:
    assert httpx.ReadTimeout in HTTPX_CLASSES
    assert len(HTTPX_CLASSES) > 20


@pytest.mark.parametrize(
    ("cause", "words"),
    [
        (socket.gaierror(socket.EAI_NONAME, "unknown"), "check the address"),
        (ConnectionRefusedError(errno.ECONNREFUSED, "refused"), "refuses connections"),
        (OSError(errno.EHOSTUNREACH, "no route"), "no way to cam:80"),
        (OSError(errno.ENETUNREACH, "no network"), "no way to cam:80"),
        (OSError(errno.EIO, "odd"), "No connection to cam:80"),
    ],
)
def test_reason_of_a_failed_connection_is_found(cause: OSError, words: str) -> None:
    error = httpx.ConnectError("All connection attempts failed")
    error.__cause__ = OSError("All connection attempts failed")
    error.__cause__.__cause__ = ExceptionGroup("attempts", [cause])
    mapped_error = camera_error(error, "cam:80", "/", body=False)
    assert isinstance(mapped_error, CameraUnreachable)
    assert words in str(mapped_error)


async def test_refused_connection() -> None:
    with socket.socket() as bound:  # bound, not listening: the port stays ours and closed
        bound.bind(("127.0.0.1", 0))
        async with Camera("127.0.0.1", bound.getsockname()[1]) as camera:
            with pytest.raises(CameraUnreachable, match="refuses connections"):
                await camera.description()


async def test_unknown_name() -> None:
    async with Camera("no-such-camera.invalid") as camera:
        with pytest.raises(CameraUnreachable, match=r"no-such-camera\.invalid:80"):
            await camera.description()


@pytest.mark.parametrize(
    ("host", "port"),
    [
        ("", 80),
        ("http://10.0.0.5", 80),
        ("10.0.0.5/api", 80),
        ("a b", 80),
        ("user@cam", 80),
        ("cam:81", 80),
        ("cam", 0),
        ("cam", 70000),
    ],
)
def test_address_that_is_none(host: str, port: int) -> None:
    with pytest.raises(ValueRefused, match="not the address"):
        Camera(host, port)


async def test_connection_that_is_never_accepted() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        host, port = server.getsockname()
        fillers = [socket.socket() for _ in range(4)]  # the backlog is full: no answer to SYN
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex((host, port))
        async with Camera(host, port, connect_timeout_s=0.2, timeout_s=60) as camera:
            with pytest.raises(CameraUnreachable, match=r"did not accept .* 0\.2 s"):
                await camera.description()
        for filler in fillers:
            filler.close()


async def test_camera_that_accepts_and_hangs(canned: CannedCamera) -> None:
    canned.then(canned.until_client_leaves)
    async with Camera(canned.host, canned.port, timeout_s=0.1) as camera:
        with pytest.raises(CameraTimeout, match=r"no answer for 0\.1 s"):
            await camera.description()


async def test_text_that_never_ends_its_line(canned: CannedCamera) -> None:
    async def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(ok("SBIG STX-16803\r\n")[:-5])
        await canned.until_client_leaves(reader, writer)

    canned.then(begin)
    async with Camera(canned.host, canned.port, timeout_s=0.1) as camera:
        with pytest.raises(CameraTimeout, match="did not complete"):
            await camera.description()


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (b"", CameraUnreachable, "before it answered"),
        (b"HTTP/1.0 200 OK\r\nContent-Le", CameraUnreachable, "before it answered"),
        (ok("SBIG STX-16803\r\n")[:-4], CameraUnreachable, "in the middle of an answer"),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", CameraReplyInvalid, "not in HTTP"),
        (b"\x00\xff\x00\xff\r\n\r\n", CameraReplyInvalid, "not in HTTP"),
        (ok("<html>hi</html>", content_type="text/html"), CameraReplyInvalid, "web page"),
        (ok("\r\n<!DOCTYPE html>"), CameraReplyInvalid, "web page"),
        (ok("<h1>It works!</h1>", content_type="text/html"), CameraReplyInvalid, "web page"),
        (ok("<!-- hi --><p>Log in", content_type="text/html"), CameraReplyInvalid, "web page"),
        (ok("\xef\xbb\xbf<html>"), CameraReplyInvalid, "web page"),
        (ok("<!-- router -->\n<HTML>"), CameraReplyInvalid, "web page"),
        (ok('<meta charset="utf-8">'), CameraReplyInvalid, "web page"),
        (ok("<title>Log in</title>"), CameraReplyInvalid, "web page"),
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", CameraReplyInvalid, '"404"'),
        (b"HTTP/1.1 301 Moved\r\nLocation: /x\r\n\r\n", CameraReplyInvalid, '"301"'),
        (b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n", CameraReplyInvalid, '"500"'),
        (ok("x" * 70000), CameraReplyInvalid, "endless text"),
        (ok(), CameraReplyInvalid, "one line was expected"),
        (ok("a\r\nb\r\n"), CameraReplyInvalid, "one line was expected, 2"),
    ],
)
async def test_bad_answers(
    answer: bytes,
    error: type[CameraError],
    words: str,
    camera: Camera,
    canned: CannedCamera,
) -> None:
    canned.then(answer)
    with pytest.raises(error, match=words) as caught:
        await camera.description()
    assert caught.value.request == "/api/Description.cgi"


@pytest.mark.parametrize("content_type", ["text/html", "text/html; charset=utf-8", "", "x"])
async def test_camera_that_misnames_its_texts(
    content_type: str, camera: Camera, canned: CannedCamera
) -> None:
    canned.then(
        ok("2\r\n", content_type=content_type),
        ok("0\r\n<3 M31\r\n", content_type=content_type),
        ok("", content_type=content_type),
    )
    assert await camera.imager.state() == 2
    assert (await camera.get_filter_settings([])).current_name == "<3 M31"
    await camera.imager.abort_exposure()
    body = "0x80001008\r\nCamera is busy.\r\n"
    head = f"HTTP/1.0 400 Bad Request\r\nContent-Type: {content_type}\r\n"
    canned.then(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())
    with pytest.raises(CameraBusy):
        await camera.imager.abort_exposure()


@pytest.mark.parametrize("number", range(6))
async def test_all_states_of_ascom(number: int, camera: Camera, canned: CannedCamera) -> None:
    canned.then(ok(f"{number}\r\n"))
    assert await camera.imager.state() == number


@pytest.mark.parametrize("text", ["", "idle\r\n", "7\r\n", "0\r\n0\r\n", "nan\r\n", "2.5\r\n"])
async def test_answer_that_is_no_state(text: str, camera: Camera, canned: CannedCamera) -> None:
    canned.then(ok(text))
    with pytest.raises(CameraReplyInvalid, match=r"ImagerState\.cgi"):
        await camera.imager.state()


@pytest.mark.parametrize("code", REFUSALS)
async def test_each_refusal(code: int, camera: Camera, canned: CannedCamera) -> None:
    canned.then(bad(code, REFUSALS[code].text))
    with pytest.raises(CameraRefused) as caught:
        await camera.imager.start_exposure(1, FrameType.LIGHT)
    error = caught.value
    assert error.code == code
    assert error.text == REFUSALS[code].text
    assert error.advice == REFUSALS[code].advice
    assert error.request == (
        "/api/ImagerStartExposure.cgi?Duration=1&FrameType=1&DateTime=2026-11-22T19%3A03%3A04.056"
    )
    assert isinstance(error, CameraBusy) == (code in (0x80001008, 0x8000100B))


def test_codes_are_those_of_the_document() -> None:
    assert sorted(REFUSALS) == list(range(0x80001000, 0x8000100E))


@pytest.mark.parametrize(
    ("body", "code", "text"),
    [
        ("0x80002345\r\nFan Power not settable.\r\n", 0x80002345, "Fan Power not settable."),
        ("FanState invalid\r\n", 0, "FanState invalid"),
        ("0x80001009", 0x80001009, "Bad parameter."),
        ("0X80001009\r\n", 0, "0X80001009"),
        ("", 0, "no reason given"),
        ("\xff\xfe" * 100, 0, "..."),
    ],
)
async def test_refusals_outside_the_table(
    body: str, code: int, text: str, camera: Camera, canned: CannedCamera
) -> None:
    head = f"HTTP/1.0 400 Bad Request\r\nContent-Length: {len(body)}\r\n\r\n"
    canned.then((head + body).encode("latin-1"))
    with pytest.raises(CameraRefused) as caught:
        await camera.imager.abort_exposure()
    assert caught.value.code == code
    assert text in caught.value.text
    assert len(caught.value.text) <= 80


async def test_refused_download(camera: Camera, canned: CannedCamera) -> None:
    canned.then(bad(0x80001008, "Camera is busy."), frame(b"ab"))
    with pytest.raises(CameraBusy):
        async with camera.guider.open_fits():
            pass
    async with camera.guider.open_fits() as chunks:
        assert chunks.length == 2


async def test_closed_camera_says_so(canned: CannedCamera) -> None:
    camera = Camera(canned.host, canned.port)
    await camera.aclose()
    with pytest.raises(CameraUnreachable, match="closed"):
        await camera.description()


async def test_closing_ends_a_command_under_way(canned: CannedCamera) -> None:
    canned.then(canned.until_client_leaves)
    camera = Camera(canned.host, canned.port)
    asking = asyncio.create_task(camera.description())
    await canned.arrived.wait()
    await camera.aclose()
    with pytest.raises(CameraUnreachable):
        await asking
