"""Ask for several parameters in one request, and find out which of them the camera knows.

The camera answers one line per parameter in the order asked, and silently leaves out those it does
not know (STX API: "Invalid parameters are ignored"). Every later line would then be taken for the
wrong parameter. So the lines are counted, and when some are missing each name is tried alone, once
per session.
"""

from __future__ import annotations

from collections.abc import Collection

from indi_stx.errors import CameraRefused
from indi_stx.stx.link import Link
from indi_stx.stx.pacing import Priority
from indi_stx.stx.replies import NO_VALID_PARAMETER, invalid, values
from indi_stx.stx.uri import cgi


class GetCall:
    """One Get call, and what is known about its parameters.

    Args:
        link: the camera.
        call: name of the call, without `.cgi`.
        optional: wire names that a camera may lack; when lines are missing, these are tried first.
        texts: wire names whose value may be an empty line.
    """

    def __init__(
        self,
        link: Link,
        call: str,
        optional: Collection[str] = (),
        texts: Collection[str] = (),
    ) -> None:
        self._link = link
        self._call = call
        self._optional = frozenset(optional)
        self._texts = frozenset(texts)
        self._known: dict[str, bool] = {}

    async def read(self, names: Collection[str], priority: Priority) -> dict[str, str]:
        """Return the text of each of `names` that the camera has; usually in one request.

        Raises:
            CameraRefused: it has none of them, although not all are optional.
            CameraReplyInvalid: the number of lines cannot be explained by unknown names.
        """
        asked = [name for name in names if self._known.get(name, True)]
        if not asked:
            return {}
        request = cgi(self._call, *asked)
        try:
            text = (await self._link.ask(request, priority)).text
        except CameraRefused as error:
            if error.code != NO_VALID_PARAMETER or not self._optional.issuperset(asked):
                raise
            self._known.update(dict.fromkeys(asked, False))
            return {}
        found = values(text, len(asked), may_be_empty=not self._texts.isdisjoint(asked))
        if len(found) < len(asked):
            await self._find_unknown(asked, len(asked) - len(found), priority)
            asked = [name for name in asked if self._known.get(name, True)]
        if len(found) != len(asked):
            invalid(f"{len(asked)} lines were expected, {len(found)} came", text, request=request)
        self._known.update(dict.fromkeys(asked, True))
        return dict(zip(asked, found, strict=True))

    async def _find_unknown(self, asked: list[str], missing: int, priority: Priority) -> None:
        """Try names alone, the optional ones first, until `missing` of them are found unknown."""
        for name in sorted(asked, key=lambda name: name not in self._optional):
            if missing == 0:
                return
            if name not in self._known:
                self._known[name] = await self._is_known(name, priority)
                missing -= not self._known[name]

    async def _is_known(self, name: str, priority: Priority) -> bool:
        try:
            await self._link.ask(cgi(self._call, name), priority)
        except CameraRefused as error:
            if error.code != NO_VALID_PARAMETER:
                raise
            return False
        return True
