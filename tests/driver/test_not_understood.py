"""No message of a client is passed over without a word to it."""

from __future__ import annotations

import pytest

from indi_stx.driver.declarations import Num, number
from indi_stx.driver.device import Device, Host
from indi_stx.driver.subsystem import Subsystem
from indi_stx.indi import Kind, Message, Permission, SetVector, State
from tests.harness.toy import ToyServer, running


class Gauge(Subsystem):
    """A dial to set, and one to read."""

    dial = number("DIAL", "Dial", "Main", {"VALUE": Num("Value", max=10)})
    shown = number(
        "SHOWN", "Shown", "Main", {"VALUE": Num("Value")}, permission=Permission.READ_ONLY
    )


def toy(host: Host) -> Device:
    device = Device("Toy", host)
    device.permanent = [*device.permanent, Gauge(device)]
    return device


def words(messages: list[object]) -> list[str]:
    return [m.text for m in messages if isinstance(m, Message)]


def states(messages: list[object]) -> list[tuple[str, State | None]]:
    return [(m.name, m.state) for m in messages if isinstance(m, SetVector)]


@pytest.mark.parametrize(
    ("sent", "answered"),
    [
        (b"<newNumberVector device='Toy' name='DIAL'><oneNumber>&x;</newNumberVector>", True),
        (b"<newNumberVector device='Toy' name='DIAL'><oneNumber name='VALUE'>", True),
        (
            b"<newNumberVector name='DIAL'><oneNumber name='VALUE'>1</oneNumber></newNumberVector>",
            True,
        ),
        (b"<newNumberVector device='Toy'/>", False),
        (b"<newNumberVector device='Other' name='DIAL'><oneNumber>&x;</newNumberVector>", None),
        (b"<setNumberVector device='Toy' name='DIAL'><oneNumber>&x;</setNumberVector>", None),
    ],
)
async def test_a_damaged_message(sent: bytes, answered: bool | None) -> None:
    async with running(toy) as server:
        await server.hear(b"<getProperties version='1.7'/>")
        said = await server.hear(
            sent + b"\n<getProperties version='1.7' device='Toy' name='NO'/>\n"
        )
        if answered is None:
            assert not said
            return
        (word,) = words(said)
        assert word.startswith("[ERROR] A message was not understood: ")
        assert states(said) == ([("DIAL", State.ALERT)] if answered else [])


async def written(server: ToyServer, name: str) -> list[object]:
    return [*await server.write("Toy", Kind.NUMBER, name, VALUE=3)]


async def test_writes_that_change_nothing() -> None:
    async with running(toy) as server:
        await server.hear(b"<getProperties version='1.7'/>")
        said = await written(server, "SHOWN")
        assert words(said) == ["[WARNING] SHOWN: not changed, it can only be read."]
        assert states(said) == [("SHOWN", State.IDLE)], "the client shows Busy until it hears"
        said = await written(server, "NOTHING")
        assert words(said) == ["[WARNING] NOTHING: not changed, Toy has no such property now."]
