"""The camera's address, changed while it is connected."""

from __future__ import annotations

from pathlib import Path

from indi_stx.indi import State
from indi_stx.simulator.options import SimulatorOptions
from tests.harness.observatory import observatory

LATER = "next Connect"


async def test_another_address_counts_from_the_next_connection_on(tmp_path: Path) -> None:
    async with observatory(tmp_path, SimulatorOptions(model="STT-8300")) as place:
        client = place.client
        known = {"ADDRESS": place.simulator.host, "PORT": str(place.simulator.port)}
        since = await client.texts("DEVICE_ADDRESS", **known)
        await client.update("DEVICE_ADDRESS", State.OK, since=since)
        since = await client.texts("DEVICE_ADDRESS", ADDRESS="192.168.0.2")
        await client.update("DEVICE_ADDRESS", State.OK, since=since)
        await client.until(
            lambda m: LATER in getattr(m, "text", ""), since=since, what="a word about it"
        )
        told = [text for text in client.texts_said() if LATER in text]
        assert len(told) == 1, "the known address, written again, is no news"
