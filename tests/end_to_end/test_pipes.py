"""The driver on two pipes, as servers before 1.9.7 and shells start it: frames go inline."""

from __future__ import annotations

import io
import os
import subprocess
from collections.abc import Callable

from astropy.io import fits

from indi_stx.indi import (
    NEED_DATA,
    AnyMessage,
    DefVector,
    GetProperties,
    Kind,
    MessageParser,
    NewVector,
    OneBlob,
    OneText,
    PingRequest,
    SetVector,
    encode,
)
from tests.harness.servers import DEVICE, DRIVER


class Shell:
    """Talks to a driver over its pipes."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._parser = MessageParser()

    def write(self, kind: Kind, name: str, **values: object) -> None:
        elements = tuple(OneText(k, str(v)) for k, v in values.items())
        self.send(NewVector(kind, DEVICE, name, elements))

    def send(self, message: AnyMessage) -> None:
        assert self._process.stdin
        self._process.stdin.write(encode(message))
        self._process.stdin.flush()

    def until(self, wanted: Callable[[AnyMessage], bool]) -> AnyMessage:
        assert self._process.stdout
        while True:
            while (message := self._parser.next_message()) is NEED_DATA:
                data = os.read(self._process.stdout.fileno(), 1 << 20)
                assert data, "the driver ended"
                self._parser.receive_data(data)
            if wanted(message):
                return message


def test_a_frame_over_pipes() -> None:
    process = subprocess.Popen([DRIVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    shell = Shell(process)
    try:
        shell.send(GetProperties())
        shell.until(lambda m: isinstance(m, DefVector) and m.name == "SIMULATION")
        shell.write(Kind.SWITCH, "SIMULATION", ENABLE="On")
        shell.write(Kind.SWITCH, "CONNECTION", CONNECT="On")
        shell.until(lambda m: isinstance(m, DefVector) and m.name == "CCD_FRAME_RESET")
        for _ in range(2):
            shell.write(Kind.NUMBER, "CCD_EXPOSURE", CCD_EXPOSURE_VALUE=0.01)
            vector = shell.until(lambda m: isinstance(m, SetVector) and m.name == "CCD1")
            assert isinstance(vector, SetVector)
            (blob,) = vector.elements
            assert isinstance(blob, OneBlob)
            assert isinstance(blob.content, bytes)
            with fits.open(io.BytesIO(blob.content)) as hdus:
                assert hdus[0].data.shape == (4096, 4096)
            shell.until(lambda m: isinstance(m, PingRequest))
    finally:
        assert process.stdin
        assert process.stdout
        process.stdin.close()
        process.stdout.close()
        assert process.wait(15) == 0
