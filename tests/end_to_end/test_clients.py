"""Clients that behave badly, beside one that wants its frames."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from indi_stx.indi import OneNumber, State
from indi_stx.simulator.options import SimulatorOptions
from tests.end_to_end.test_driver_death import bin_by_four, until
from tests.end_to_end.test_faults import works
from tests.harness.observatory import Observatory, observatory
from tests.harness.wire_client import DEVICE, tcp_client

SMALL = SimulatorOptions(model="STT-8300")
WANTS_ALL = (
    f"<getProperties version='1.7'/><enableBLOB device='{DEVICE}'>Also</enableBLOB>".encode()
)


@pytest_asyncio.fixture
async def place(tmp_path: Path) -> AsyncIterator[Observatory]:
    async with observatory(tmp_path, SMALL) as observed:
        yield observed


async def stranger(place: Observatory) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect a client that speaks as the test lets it, and reads only when it is told to."""
    reader, writer = await asyncio.open_connection("127.0.0.1", place.server.port, limit=2**16)
    writer.write(WANTS_ALL)
    await writer.drain()
    return reader, writer


async def test_a_client_that_never_reads_delays_nobody(place: Observatory) -> None:
    _, writer = await stranger(place)
    for _ in range(3):
        await works(place)  # whole frames of 16 MB: more than any socket buffer holds
    writer.transport.abort()
    await works(place)


async def test_a_client_that_leaves_in_the_middle_of_a_blob_harms_nobody(
    place: Observatory,
) -> None:
    reader, writer = await stranger(place)
    taking = asyncio.create_task(works(place))
    await reader.readuntil(b"<setBLOBVector")
    await reader.readexactly(100_000)
    writer.transport.abort()
    await taking
    await works(place)


async def test_a_client_that_floods_is_answered_and_stops_nobody(place: Observatory) -> None:
    await bin_by_four(place)
    reader, writer = await stranger(place)
    writes = 3000
    for number in range(writes):
        value = number % 30
        writer.write(
            f"<newNumberVector device='{DEVICE}' name='CCD_TEMP_RAMP'>"
            f"<oneNumber name='RAMP_SLOPE'>{value}</oneNumber></newNumberVector>"
            f"<newNumberVector device='{DEVICE}' name='NO_SUCH'><oneNumber name='X'>1</oneNumber>"
            "</newNumberVector>\n".encode()
        )
    swallowing = asyncio.create_task(swallow(reader))
    await works(place)
    since = await place.client.numbers("TELESCOPE_TIMED_GUIDE_NS", TIMED_GUIDE_N=50)
    await place.client.update("TELESCOPE_TIMED_GUIDE_NS", since=since)
    await until(lambda: len(place.client.sets("CCD_TEMP_RAMP")) >= writes)
    last = place.client.sets("CCD_TEMP_RAMP")[-1].elements[0]
    assert isinstance(last, OneNumber)
    assert last.value == (writes - 1) % 30
    writer.transport.abort()
    await asyncio.wait([swallowing])


async def test_clients_that_fight_over_a_property_see_the_same(place: Observatory) -> None:
    async with tcp_client(place.server.port) as other:
        await other.ask()
        await other.defined("CCD_BINNING")
        writes = 40
        for number in range(writes):
            client, value = ((place.client, 2), (other, 3))[number % 2]
            await client.numbers("CCD_BINNING", HOR_BIN=value, VER_BIN=value)

        def answers(client: object) -> list[float]:
            return [
                float(report.elements[0].value)
                for report in client.sets("CCD_BINNING")  # type: ignore[attr-defined]
                if report.state is State.OK
            ]

        await until(lambda: len(answers(place.client)) >= writes)
        await until(lambda: len(answers(other)) >= writes)
        assert answers(place.client)[-writes:] == answers(other)[-writes:]
        assert sorted(answers(other)[-writes:]) == [2.0] * 20 + [3.0] * 20


async def swallow(reader: asyncio.StreamReader) -> None:
    while await reader.read(2**16):
        pass
