"""Listening to other drivers."""

from __future__ import annotations

from collections.abc import Mapping

from indi_stx.driver.snoop import Snoop, Value
from indi_stx.indi import (
    DefNumber,
    DefVector,
    DelProperty,
    GetProperties,
    Kind,
    OneNumber,
    SetVector,
    State,
)

SET = SetVector(
    Kind.NUMBER, "Mount", "EOD", State.OK, (OneNumber("RA", 5.5), OneNumber("DEC", -30))
)
DEF = DefVector(
    Kind.NUMBER, "Mount", "EOD", "", "", State.IDLE, (DefNumber("RA", "", 1.0, "%g", 0, 24, 0),)
)


def test_values_of_watched_properties_reach_their_listener() -> None:
    said: list[object] = []
    heard: list[dict[str, Value] | None] = []
    snoop = Snoop(said.append)

    def listener(values: Mapping[str, Value] | None, state: State | None) -> None:
        heard.append(dict(values) if values is not None else None)

    snoop.watch("Mount", "EOD", listener)
    assert said == [GetProperties(device="Mount", name="EOD")]
    for message in (
        DEF,
        SET,
        SetVector(Kind.NUMBER, "Mount", "OTHER", State.OK, (OneNumber("RA", 9),)),
        SetVector(Kind.NUMBER, "Other", "EOD", State.OK, (OneNumber("RA", 9),)),
        DelProperty("Other"),
        DelProperty("Mount", "EOD"),
        DelProperty("Mount"),
    ):
        snoop.feed(message)
    assert heard == [{"RA": 1.0}, {"RA": 5.5, "DEC": -30}, None, None]
    snoop.forget("Mount", "EOD", listener)
    snoop.forget("Mount", "EOD", listener)
    snoop.feed(SET)
    assert len(heard) == 4
