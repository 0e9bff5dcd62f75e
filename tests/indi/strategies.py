"""Hypothesis strategies for every INDI message that can be sent and read back unchanged."""

from hypothesis import strategies as st

from indi_stx.indi import (
    Attached,
    BlobPolicy,
    DefBlob,
    DefLight,
    DefNumber,
    DefSwitch,
    DefText,
    DefVector,
    DelProperty,
    EnableBlob,
    GetProperties,
    Kind,
    Message,
    NewVector,
    OneBlob,
    OneLight,
    OneNumber,
    OneSwitch,
    OneText,
    Permission,
    PingReply,
    PingRequest,
    SetVector,
    State,
    SwitchRule,
)

_CHARACTERS = st.characters(
    min_codepoint=32, exclude_categories=["Cs"], exclude_characters="\ufffe\uffff"
)
attributes = st.text(_CHARACTERS, max_size=20)
# Readers strip what surrounds a value; a carriage return is a line break to XML.
values = st.text(_CHARACTERS | st.sampled_from("\n\t"), max_size=40).map(lambda s: s.strip(" \t\n"))
numbers = st.floats(allow_nan=False, allow_infinity=False)
optional_attributes = st.none() | attributes
optional_numbers = st.none() | numbers
states = st.sampled_from(State)

contents = st.binary(max_size=200) | st.builds(Attached, st.just(-1), st.integers(0, 1 << 40))
blobs = st.builds(OneBlob, attributes, st.integers(0, 1 << 40), attributes, contents)

_DEF = {
    Kind.TEXT: st.builds(DefText, attributes, attributes, values),
    Kind.NUMBER: st.builds(
        DefNumber, attributes, attributes, numbers, attributes, numbers, numbers, numbers
    ),
    Kind.SWITCH: st.builds(DefSwitch, attributes, attributes, st.booleans()),
    Kind.LIGHT: st.builds(DefLight, attributes, attributes, states),
    Kind.BLOB: st.builds(DefBlob, attributes, attributes),
}
_ONE = {
    Kind.TEXT: st.builds(OneText, attributes, values),
    Kind.NUMBER: st.builds(
        OneNumber, attributes, numbers, optional_numbers, optional_numbers, optional_numbers
    ),
    Kind.SWITCH: st.builds(OneSwitch, attributes, st.booleans()),
    Kind.LIGHT: st.builds(OneLight, attributes, states),
    Kind.BLOB: blobs,
}


def _tuples(elements: st.SearchStrategy) -> st.SearchStrategy:
    return st.lists(elements, max_size=4).map(tuple)


def _definitions(kind: Kind) -> st.SearchStrategy[DefVector]:
    return st.builds(
        DefVector,
        st.just(kind),
        attributes,
        attributes,
        attributes,
        attributes,
        states,
        _tuples(_DEF[kind]),
        permission=st.none() if kind is Kind.LIGHT else st.sampled_from(Permission),
        rule=st.sampled_from(SwitchRule) if kind is Kind.SWITCH else st.none(),
        timeout_s=optional_numbers,
        timestamp=optional_attributes,
        message=optional_attributes,
    )


def _updates(kind: Kind) -> st.SearchStrategy[SetVector]:
    return st.builds(
        SetVector,
        st.just(kind),
        attributes,
        attributes,
        st.none() | states,
        _tuples(_ONE[kind]),
        timeout_s=optional_numbers,
        timestamp=optional_attributes,
        message=optional_attributes,
    )


def _wishes(kind: Kind) -> st.SearchStrategy[NewVector]:
    element = blobs if kind is Kind.BLOB else st.builds(OneText, attributes, values)
    return st.builds(
        NewVector, st.just(kind), attributes, attributes, _tuples(element), optional_attributes
    )


messages = st.one_of(
    st.sampled_from(Kind).flatmap(_definitions),
    st.sampled_from(Kind).flatmap(_updates),
    st.sampled_from(Kind).flatmap(_wishes),
    st.builds(GetProperties, attributes, optional_attributes, optional_attributes),
    st.builds(
        DelProperty, attributes, optional_attributes, optional_attributes, optional_attributes
    ),
    st.builds(Message, attributes, optional_attributes, optional_attributes),
    st.builds(EnableBlob, attributes, st.sampled_from(BlobPolicy), optional_attributes),
    st.builds(PingRequest, attributes),
    st.builds(PingReply, attributes),
)
