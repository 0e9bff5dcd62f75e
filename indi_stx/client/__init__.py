"""An asynchronous INDI client for scripts, and an indiserver of one's own for it to talk to.

    async with tcp_client("localhost", device="SBIG STX") as client:
        await client.ask()
        await client.defined("CONNECTION")
        since = await client.switch("CONNECTION", "CONNECT")
        await client.finished("CONNECTION", since=since)
        await client.enable_blobs()
        since = await client.numbers("CCD_EXPOSURE", CCD_EXPOSURE_VALUE=3)
        frame = await client.blob("CCD1", since=since)

It works with any INDI driver and knows nothing of this one. Whatever comes is kept: `client.seen`
has all messages with their times, `client.values` the last values. Every wait has a limit, and
what goes wrong is a `ClientError`.
"""

from indi_stx.client.local_server import IndiServer, indiserver
from indi_stx.client.opening import tcp_client, unix_client
from indi_stx.client.record import Record, Seen
from indi_stx.client.wire_client import WireClient

__all__ = [
    "IndiServer",
    "Record",
    "Seen",
    "WireClient",
    "indiserver",
    "tcp_client",
    "unix_client",
]
