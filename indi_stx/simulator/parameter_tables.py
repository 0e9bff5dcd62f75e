"""Get and Set calls, each driven by a table in the document's order.

A Get answers the known names among those asked, in the order asked. A Set takes its parameters in
the order of the table, whatever their order in the URI, and stops at the first that is refused;
those before it have taken effect. Unknown names are ignored. Of a repeated name the first counts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from indi_stx.simulator.error_codes import ErrorCode, Refused
from indi_stx.simulator.http_message import EMPTY, Parameter, Reply, refusal, text_reply

Query = tuple[Parameter, ...]
Getter = Callable[[], str]
Setter = Callable[[str], Refused | None]


def get_values(table: Mapping[str, Getter], query: Query) -> Reply:
    """Answer a Get call; a name followed by "=" is not a name to ask for."""
    values = [table[p.name]() for p in query if p.value is None and p.name in table]
    return text_reply(*values) if values else refusal(ErrorCode.NO_VALID_PARAMETER)


def set_values(table: Mapping[str, Setter], query: Query) -> Reply:
    """Answer a Set call; a name without "=" is ignored."""
    given = first_values(query)
    for name, setter in table.items():
        if name in given and (code := setter(given[name])) is not None:
            return refusal(code)
    return EMPTY


def first_values(query: Query) -> dict[str, str]:
    """Return the parameters that have a value, the first of each name."""
    given: dict[str, str] = {}
    for parameter in query:
        if parameter.value is not None:
            given.setdefault(parameter.name, parameter.value)
    return given


def command_reply(code: Refused | None) -> Reply:
    """Answer a command: empty when it was accepted."""
    return EMPTY if code is None else refusal(code)
