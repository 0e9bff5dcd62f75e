"""Take a frame of the simulated camera at 127.0.0.1:8080, from the indiserver on the usual port.

Run by the Python that indi_stx was installed for, in a clean system; compares the frame with what
the camera itself says it holds.
"""

import asyncio
import http.client
import io
import sys

import numpy as np
from astropy.io import fits

from indi_stx.client import tcp_client
from indi_stx.errors import ServerLost

LIMIT_S = 120.0


async def frame(device: str) -> bytes:
    for _ in range(100):  # indiserver may be just starting
        try:
            client_of = tcp_client("127.0.0.1", device=device, limit_s=LIMIT_S)
            async with client_of as client:
                await client.ask()
                await client.defined("DEVICE_ADDRESS")
                await client.texts("DEVICE_ADDRESS", ADDRESS="127.0.0.1", PORT="8080")
                since = await client.switch("CONNECTION", "CONNECT")
                await client.finished("CONNECTION", since=since)
                await client.defined("CCD_EXPOSURE")
                await client.enable_blobs()
                since = await client.numbers("CCD_EXPOSURE", CCD_EXPOSURE_VALUE=0.5)
                await client.finished("CCD_EXPOSURE", since=since)
                return bytes((await client.blob("CCD1", since=since)).content)
        except ServerLost:
            await asyncio.sleep(0.2)
    raise SystemExit("no indiserver")


def in_the_camera() -> np.ndarray:
    connection = http.client.HTTPConnection("127.0.0.1", 8080, timeout=LIMIT_S)
    connection.request("GET", "/api/ImagerData.bin")
    return np.frombuffer(connection.getresponse().read(), "<u2")


with fits.open(io.BytesIO(asyncio.run(frame(sys.argv[1])))) as hdus:
    pixels, instrument = hdus[0].data, hdus[0].header["INSTRUME"]
assert np.array_equal(pixels.ravel(), in_the_camera()), "the frame is not the camera's"
print(f"{instrument}: a frame of {pixels.shape[1]} x {pixels.shape[0]}, bit-exact")
