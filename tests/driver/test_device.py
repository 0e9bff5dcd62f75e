"""Writes, definitions and the connection, on a small device without a wire."""

from __future__ import annotations

import asyncio

import pytest

from indi_stx.driver.declarations import (
    Condition,
    Num,
    Numbers,
    Save,
    Sw,
    Switches,
    Txt,
    number,
    switch,
    text,
)
from indi_stx.driver.device import Device, Host
from indi_stx.driver.session import Session
from indi_stx.driver.subsystem import Subsystem
from indi_stx.errors import CameraUnreachable, ConnectionClosed, PropertyError, ValueRefused
from indi_stx.indi import (
    DefVector,
    DelProperty,
    GetProperties,
    Kind,
    Message,
    NewVector,
    OneText,
    PingReply,
    PingRequest,
    SetVector,
    State,
    SwitchRule,
    encode,
)
from tests.harness.fake_clock import FakeClock, settle
from tests.harness.toy import ToyServer, running


class Lamp(Subsystem):
    """A lamp with a dimmer."""

    power = switch("POWER", "Power", "Main", {"ON": Sw("On"), "OFF": Sw("Off", True)})
    colours = switch(
        "COLOURS",
        "Colours",
        "Main",
        {"RED": Sw("Red", True), "BLUE": Sw("Blue")},
        rule=SwitchRule.ANY_OF_MANY,
    )
    reset = switch("RESET", "Reset", "Main", {"NOW": Sw("Now")}, rule=SwitchRule.AT_MOST_ONE)
    level = number(
        "LEVEL",
        "Level",
        "Main",
        {"LEFT": Num("Left", "%.f", 0, 10), "RIGHT": Num("Right", "%.f", 0, 10)},
        save=Save.AT_START,
    )

    @power.on_write
    async def _power(self, new: Switches) -> None:
        """Fail in the ways a handler can."""
        await asyncio.sleep(0)
        if new["ON"]:
            raise CameraUnreachable("No answer from 10.0.0.9:80.", request="/lamp")

    @level.on_write
    async def _level(self, new: Numbers) -> None:
        """Refuse what is lopsided."""
        if new["LEFT"] == 7:
            raise RuntimeError("a bug")
        if abs(new["LEFT"] - new["RIGHT"]) > 5:
            raise ValueRefused("Left and right differ too much.")


class Polling(Subsystem):
    """Something that is asked once a period, and may fail."""

    def __init__(self, toy: Toy) -> None:
        super().__init__(toy)
        self.polls = 0
        self.failing: str | None = None

    async def poll(self) -> None:
        self.polls += 1
        if self.failing:
            raise CameraUnreachable(self.failing, request="/lamp")


class Shade(Polling):
    """Something that exists while the toy is connected."""

    frame = number(
        "FRAME", "Frame", "Main", {"X": Num("X", max=9), "Y": Num("Y", max=9)}, whole=True
    )
    plate = switch("PLATE", "Plate", "Main", {"ON": Sw("On"), "OFF": Sw("Off", True)}, lasting=True)
    label = text(
        "LABEL",
        "Label",
        "Main",
        {"TEXT": Txt("Text", "lamp")},
        exists=Condition("with a plate", lambda shade: shade.plate["ON"]),
    )
    heat = number("HEAT", "Heat", "Main", {"NOW": Num("Now")}, shows={"NOW": "heat_percent"})

    def __init__(self, toy: Toy) -> None:
        super().__init__(toy)
        self.ends = asyncio.Event()
        self.ends.set()

    async def begin(self) -> None:
        if self.device.name == "broken":
            raise CameraUnreachable("No answer from 10.0.0.9:80.", request="/lamp")

    async def end(self) -> None:
        await self.ends.wait()


class Fan(Polling):
    """A second thing that polls."""


class Toy(Device):
    """A device with a lamp."""

    def __init__(self, host: Host) -> None:
        super().__init__("Toy", host)
        self.lamp = Lamp(self)
        self.permanent = [self.general, self.log, self.lamp]

    async def connect(self) -> Shade:
        session = Session(self.name, self.clock, self.log)
        shade = Shade(self)
        session.subsystems = [shade, Fan(self)]
        await self.begin_session(session)
        self.show_session()
        return shade


def lamp_of(server: ToyServer) -> Lamp:
    device = server.runtime.devices[0]
    assert isinstance(device, Toy)
    return device.lamp


async def connected(server: ToyServer) -> tuple[Toy, Shade]:
    device = server.runtime.devices[0]
    assert isinstance(device, Toy)
    return device, await device.connect()


def sets_of(messages: list[object], name: str) -> list[SetVector]:
    return [m for m in messages if isinstance(m, SetVector) and m.name == name]


def values_of(vector: SetVector) -> dict[str, object]:
    return {e.name: e.value for e in vector.elements}


async def test_definitions_follow_the_question() -> None:
    async with running(Toy) as server:
        all_of_it = await server.hear(GetProperties())
        names = [m.name for m in all_of_it if isinstance(m, DefVector)]
        assert names[:3] == ["DRIVER_INFO", "POLLING_PERIOD", "CONFIG_PROCESS"]
        assert {"POWER", "LEVEL"} < set(names)
        assert not {"FRAME", "LABEL", "DEBUG_LEVEL"} & set(names)
        (one,) = await server.hear(GetProperties(device="Toy", name="LEVEL"))
        assert isinstance(one, DefVector)
        assert one.name == "LEVEL"
        assert await server.hear(GetProperties(device="Toy", name="NOTHING")) == []
        assert await server.hear(GetProperties(device="Other")) == []


async def test_a_write_without_a_handlers_answer_is_answered_ok() -> None:
    async with running(Toy) as server:
        await server.hear(GetProperties())
        (answer,) = await server.write("Toy", Kind.NUMBER, "LEVEL", LEFT=3)
        assert isinstance(answer, SetVector)
        assert answer.state is State.OK
        assert values_of(answer) == {"LEFT": 3.0, "RIGHT": 0.0}


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"LEFT": 11}, "out of range [0, 10]"),
        ({"LEFT": "abc"}, "LEVEL: Bad format LEFT"),
        ({"LEFT": 9}, "differ too much"),
        ({"LEFT": 7}, "internal error"),
        ({"MIDDLE": 1}, "newNumberVector with no valid members"),
    ],
)
async def test_a_refused_number_keeps_its_value_and_says_why(
    values: dict[str, object], complaint: str
) -> None:
    async with running(Toy) as server:
        await server.hear(GetProperties())
        await server.write("Toy", Kind.NUMBER, "LEVEL", LEFT=2)
        message, answer = await server.write("Toy", Kind.NUMBER, "LEVEL", **values)
        assert isinstance(message, Message)
        assert message.text.startswith("[ERROR] ")
        assert complaint in message.text
        assert isinstance(answer, SetVector)
        assert answer.state is State.ALERT
        assert values_of(answer) == {"LEFT": 2.0, "RIGHT": 0.0}


async def test_a_whole_vector_refuses_a_part_of_itself() -> None:
    async with running(Toy) as server:
        await connected(server)
        message, answer = (await server.write("Toy", Kind.NUMBER, "FRAME", X=3))[-2:]
        assert isinstance(message, Message)
        assert "missing Y" in message.text
        assert isinstance(answer, SetVector)
        assert answer.state is State.ALERT


@pytest.mark.parametrize(
    ("name", "wish", "result", "state"),
    [
        ("POWER", {"OFF": "On"}, {"ON": False, "OFF": True}, State.OK),
        ("POWER", {"OFF": "Off"}, {"ON": False, "OFF": True}, State.ALERT),
        ("POWER", {"ON": "On", "OFF": "On"}, {"ON": False, "OFF": True}, State.ALERT),
        ("POWER", {"ON": "maybe"}, {"ON": False, "OFF": True}, State.ALERT),
        ("POWER", {"ON": "On"}, {"ON": False, "OFF": True}, State.ALERT),
        ("COLOURS", {"BLUE": "On"}, {"RED": True, "BLUE": True}, State.OK),
        ("COLOURS", {"RED": "Off"}, {"RED": False, "BLUE": False}, State.OK),
        ("RESET", {"NOW": "On"}, {"NOW": True}, State.OK),
        ("RESET", {"NOW": "Off"}, {"NOW": False}, State.OK),
    ],
)
async def test_switch_rules(
    name: str, wish: dict[str, str], result: dict[str, bool], state: State
) -> None:
    async with running(Toy) as server:
        await server.hear(GetProperties())
        (answer,) = sets_of(await server.write("Toy", Kind.SWITCH, name, **wish), name)
        assert (values_of(answer), answer.state) == (result, state)


async def test_writes_to_unknown_and_read_only_properties_change_nothing_and_are_told() -> None:
    async with running(Toy) as server:
        await server.hear(GetProperties())
        for kind, name, element in (
            (Kind.NUMBER, "NOTHING", "A"),
            (Kind.TEXT, "DRIVER_INFO", "DRIVER_NAME"),
            (Kind.NUMBER, "FRAME", "X"),  # not defined yet
        ):
            said = await server.write("Toy", kind, name, **{element: 1})
            assert [m.text for m in said if isinstance(m, Message) and name in m.text]
            reports = [m for m in said if isinstance(m, SetVector)]
            assert all(e.value != "1" for m in reports for e in m.elements)
        assert await server.write("Other", Kind.NUMBER, "LEVEL", LEFT=1) == []


async def test_garbage_and_pings() -> None:
    async with running(Toy) as server:
        assert await server.hear(b"<<<not & xml>>>\n</x>") == []
        assert await server.hear(PingRequest("7")) == [PingReply("7")]


async def test_a_slow_handler_delays_only_its_own_lane() -> None:
    clock = FakeClock()

    class Slow(Subsystem):
        wheel = number("WHEEL", "Wheel", "Main", {"SLOT": Num("Slot", max=9)})

        @wheel.on_write
        async def _turn(self, new: Numbers) -> None:
            """Take ten seconds."""
            await clock.sleep(10)

    class Two(Toy):
        def __init__(self, host: Host) -> None:
            super().__init__(host)
            self.permanent = [*self.permanent, Slow(self)]

    async with running(Two, clock) as server:
        await server.hear(GetProperties())
        assert await server.write("Toy", Kind.NUMBER, "WHEEL", SLOT=3) == []
        assert sets_of(await server.write("Toy", Kind.NUMBER, "LEVEL", LEFT=1), "LEVEL")
        assert await server.write("Toy", Kind.NUMBER, "WHEEL", SLOT=4) == []
        await clock.advance(10)
        assert [values_of(s) for s in server.sets("WHEEL")] == [{"SLOT": 3.0}]
        await clock.advance(10)
        assert [values_of(s) for s in server.sets("WHEEL")] == [{"SLOT": 3.0}, {"SLOT": 4.0}]


async def test_the_session_defines_polls_and_withdraws() -> None:
    clock = FakeClock()
    async with running(Toy, clock) as server:
        await server.hear(GetProperties())
        device, shade = await connected(server)
        await clock.advance(3.5)
        assert shade.polls == 4
        defined = [m.name for m in server.channel.said if isinstance(m, DefVector)]
        assert defined[-3:] == ["FRAME", "PLATE", "HEAT"]
        await device.end_session()
        gone = [m.name for m in server.channel.said if isinstance(m, DelProperty)]
        assert gone == ["FRAME", "PLATE", "HEAT"]
        await clock.advance(5)
        assert shade.polls == 4


async def test_a_property_exists_while_its_condition_holds() -> None:
    async with running(Toy) as server:
        await connected(server)
        said = await server.write("Toy", Kind.SWITCH, "PLATE", ON="On")
        assert [(type(m), m.name) for m in said] == [(DefVector, "LABEL"), (SetVector, "PLATE")]
        said = await server.write("Toy", Kind.SWITCH, "PLATE", OFF="On")
        assert [(type(m), m.name) for m in said] == [(DelProperty, "LABEL"), (SetVector, "PLATE")]


async def test_a_property_shows_the_parameter_it_names_when_that_changes() -> None:
    async with running(Toy) as server:
        _, shade = await connected(server)
        for percent in (0.0, 3.0, 3.0, 4.0):
            shade.show({"heat_percent": percent, "of_others": 1})
        assert [values_of(m) for m in server.sets("HEAT")] == [{"NOW": 3.0}, {"NOW": 4.0}]


async def test_a_session_begins_anew_but_for_what_is_declared_lasting() -> None:
    async with running(Toy) as server:
        device, shade = await connected(server)
        shade.frame.publish({"X": 3}, State.BUSY)
        await server.write("Toy", Kind.SWITCH, "PLATE", ON="On")
        await device.end_session()
        shade = await device.connect()
        assert (shade.frame["X"], shade.frame.state) == (0, State.IDLE)
        assert shade.plate["ON"]
        assert shade.label.defined


async def test_a_session_that_cannot_begin_leaves_nothing() -> None:
    async with running(Toy) as server:
        device = server.runtime.devices[0]
        device.name = "broken"
        assert isinstance(device, Toy)
        with pytest.raises(CameraUnreachable):
            await device.connect()
        assert not device.connected
        assert device.session is None


async def test_a_session_that_ends_refuses_writes_and_tasks() -> None:
    async with running(Toy) as server:
        await server.hear(GetProperties())
        device, shade = await connected(server)
        session = device.session
        assert session is not None
        shade.ends.clear()
        ending = asyncio.create_task(device.end_session())
        await settle()
        message, answer = await server.write("Toy", Kind.NUMBER, "FRAME", X=1, Y=1)
        assert isinstance(message, Message)
        assert "disconnecting" in message.text
        assert isinstance(answer, SetVector)
        assert answer.state is State.ALERT
        with pytest.raises(ConnectionClosed):
            session.tasks.spawn(asyncio.sleep(0), "too late")
        assert sets_of(await server.write("Toy", Kind.NUMBER, "LEVEL", LEFT=1), "LEVEL"), (
            "what does not belong to the session goes on"
        )
        shade.ends.set()
        await ending
        assert not [m for m in server.sets("FRAME") if m.state is State.OK]


async def test_a_write_that_waits_when_the_session_ends_is_not_carried_out() -> None:
    async with running(Toy) as server:
        device, shade = await connected(server)
        server.runtime.devices[0].write(
            NewVector(Kind.NUMBER, "Toy", "FRAME", (OneText("X", "1"), OneText("Y", "1")))
        )
        async with asyncio.timeout(1):
            await device.end_session()  # the lane has not made its first step yet
        assert not server.sets("FRAME")
        assert shade.frame["X"] == 0


async def test_several_may_end_a_session_and_a_hurry_leaves_no_step_out() -> None:
    async with running(Toy) as server:
        device, shade = await connected(server)
        shade.ends.clear()
        first, second = (asyncio.create_task(device.end_session()) for _ in range(2))
        await settle()
        first.cancel()
        await asyncio.wait([first, second])
        assert not second.cancelled()
        assert device.session is None
        assert "FRAME" in [m.name for m in server.channel.said if isinstance(m, DelProperty)]


async def test_trouble_is_told_once_and_its_end_too() -> None:
    clock = FakeClock()
    async with running(Toy, clock) as server:
        device, shade = await connected(server)
        assert device.session is not None
        fan = device.session.subsystems[1]
        assert isinstance(fan, Fan)
        await settle()
        shade.failing = "No answer from 10.0.0.9:80."
        await clock.advance(2)
        fan.failing = "No answer from 10.0.0.9:80 to the fan."
        await clock.advance(2)
        shade.failing = None
        await clock.advance(2)
        told = [m.text for m in server.channel.said if isinstance(m, Message)]
        assert [t.split(" ")[0] for t in told] == ["[WARNING]"] * 2, "not all answers again"
        fan.failing = None
        await clock.advance(2)
        told = [m.text for m in server.channel.said if isinstance(m, Message)]
        assert [t.split(" ")[0] for t in told] == ["[WARNING]", "[WARNING]", "[INFO]"]
        assert "10.0.0.9" in told[0]
        assert "to the fan" in told[1]


async def test_narrowed_limits_reach_clients_and_hold() -> None:
    async with running(Toy) as server:
        await server.hear(GetProperties())
        level = lamp_of(server).level
        level.publish({"LEFT": 9, "RIGHT": 9}, State.OK)
        level.narrow(LEFT=(1, 4), RIGHT=(0, 10, 0.5))
        told = server.sets("LEVEL")[-1].elements
        assert [(e.value, e.min, e.max, e.step) for e in told] == [(4, 1, 4, 0), (9, 0, 10, 0.5)]
        (answer,) = sets_of(await server.write("Toy", Kind.NUMBER, "LEVEL", LEFT=5), "LEVEL")
        assert answer.state is State.ALERT


async def test_our_own_mistakes_are_property_errors() -> None:
    async with running(Toy) as server:
        lamp = lamp_of(server)
        with pytest.raises(PropertyError):
            lamp.level.publish({"MIDDLE": 1})
        await server.hear(GetProperties())
        with pytest.raises(PropertyError):
            lamp.level.redeclare({"A": Num("A")})


async def test_a_saved_configuration_is_taken_over_and_replayed() -> None:
    async with running(Toy) as server:
        await server.hear(GetProperties())
        await server.write("Toy", Kind.NUMBER, "LEVEL", LEFT=3, RIGHT=4)
        said = await server.answer("Toy", Kind.SWITCH, "CONFIG_PROCESS", CONFIG_SAVE="On")
        assert sets_of(said, "CONFIG_PROCESS")[0].state is State.OK
        await server.write("Toy", Kind.NUMBER, "LEVEL", LEFT=0, RIGHT=0)
        said = await server.answer("Toy", Kind.SWITCH, "CONFIG_PROCESS", CONFIG_LOAD="On")
        await settle()
        said = server.channel.said
        assert values_of(sets_of(said, "LEVEL")[-1]) == {"LEFT": 3.0, "RIGHT": 4.0}
    async with running(Toy) as server:
        said = await server.hear(GetProperties())
        (level,) = [m for m in said if isinstance(m, DefVector) and m.name == "LEVEL"]
        assert [e.value for e in level.elements] == [3.0, 4.0]
        said = await server.answer("Toy", Kind.SWITCH, "CONFIG_PROCESS", CONFIG_PURGE="On")
        assert server.runtime.devices[0].config.default_path.exists()
        said = await server.answer("Toy", Kind.SWITCH, "CONFIG_PROCESS", CONFIG_LOAD="On")
        told = [m.text for m in said if isinstance(m, Message)]
        assert "No configuration has been saved" in told[-1]
        assert sets_of(said, "CONFIG_PROCESS")[0].state is State.ALERT


async def test_debug_shows_its_levels_and_steers_the_log() -> None:
    async with running(Toy) as server:
        await server.hear(GetProperties())
        device = server.runtime.devices[0]
        said = await server.write("Toy", Kind.SWITCH, "DEBUG", ENABLE="On")
        names = [m.name for m in said if isinstance(m, DefVector)]
        assert names == ["DEBUG_LEVEL", "LOGGING_LEVEL", "LOG_OUTPUT"]
        device.log.debug("unseen")
        await server.write("Toy", Kind.SWITCH, "DEBUG_LEVEL", DBG_DEBUG="On", DBG_SESSION="Off")
        device.log.debug("seen")
        device.log.info("unseen")
        texts = [m.text for m in server.channel.said if isinstance(m, Message)]
        assert texts == ["[INFO] Debug is enabled.", "[DEBUG] seen"]
        await server.write("Toy", Kind.SWITCH, "DEBUG_LEVEL", DBG_SESSION="On")
        await server.write("Toy", Kind.SWITCH, "LOG_OUTPUT", FILE_DEBUG="On")
        device.log.error("for the file")
        await server.answer("Toy", Kind.SWITCH, "LOG_OUTPUT", FILE_DEBUG="Off")
        await device.log.close()
        (log,) = (device.config.path.parent / "logs").rglob("*.log")
        assert "ERROR\tfor the file" in log.read_text()
        said = await server.answer("Toy", Kind.SWITCH, "DEBUG", DISABLE="On")
        assert len([m for m in said if isinstance(m, DelProperty)]) == 3


async def test_what_was_asked_to_be_saved_is_saved_before_the_process_ends() -> None:
    """Also when the server goes with the same bytes."""
    async with running(Toy) as server:
        await server.hear(GetProperties())
        wish = NewVector(Kind.SWITCH, "Toy", "CONFIG_PROCESS", (OneText("CONFIG_SAVE", "On"),))
        server.channel.hear(encode(wish))
        server.channel.hear(b"")
    assert await server.runtime.devices[0].config.read()


async def test_a_log_file_that_failed_is_begun_anew_when_it_is_switched_on_again() -> None:
    async with running(Toy) as server:
        await server.hear(GetProperties())
        device = server.runtime.devices[0]
        device.config.path.parent.mkdir(exist_ok=True)
        (device.config.path.parent / "logs").write_text("in the way")
        await server.write("Toy", Kind.SWITCH, "DEBUG", ENABLE="On")
        await server.write("Toy", Kind.SWITCH, "LOG_OUTPUT", FILE_DEBUG="On")
        device.log.warning("lost")
        async with asyncio.timeout(10):
            while device.log.output["FILE_DEBUG"]:
                await server.channel.spoke()
        (device.config.path.parent / "logs").unlink()
        await server.write("Toy", Kind.SWITCH, "LOG_OUTPUT", FILE_DEBUG="On")
        device.log.warning("kept")
    (log,) = (device.config.path.parent / "logs").rglob("*.log")
    assert "WARNING\tkept" in log.read_text()
