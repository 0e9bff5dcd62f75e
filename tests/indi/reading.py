"""Read bytes in every way they can arrive; all must give the same."""

from indi_stx.errors import IndiProtocolError
from indi_stx.indi import NEED_DATA, AnyMessage, MessageParser

CHUNK_SIZES = (1, 7, 64, 511, 4096)

Outcome = AnyMessage | str


def read(data: bytes, **limits: int) -> list[Outcome]:
    """Return messages, and errors as their text; the same whole, byte by byte and in odd chunks."""
    whole = _read_in_chunks(data, max(1, len(data)), limits)
    for size in CHUNK_SIZES:
        assert _read_in_chunks(data, size, limits) == whole, f"in chunks of {size}"
    return whole


def read_one(data: bytes, **limits: int) -> AnyMessage:
    """Return the one message that data holds."""
    (message,) = read(data, **limits)
    assert not isinstance(message, str), message
    return message


def read_error(data: bytes, **limits: int) -> str:
    """Return the text of the one error that data causes."""
    (error,) = read(data, **limits)
    assert isinstance(error, str), error
    return error


def _read_in_chunks(data: bytes, size: int, limits: dict[str, int]) -> list[Outcome]:
    parser = MessageParser(**limits)
    outcomes: list[Outcome] = []
    for start in range(0, len(data), size):
        parser.receive_data(data[start : start + size])
        outcomes += drain(parser)
    return outcomes


def drain(parser: MessageParser) -> list[Outcome]:
    """Take everything that parser can tell now."""
    outcomes: list[Outcome] = []
    while True:
        try:
            message = parser.next_message()
        except IndiProtocolError as error:
            outcomes.append(str(error))
        else:
            if message is NEED_DATA:
                return outcomes
            outcomes.append(message)
