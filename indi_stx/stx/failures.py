"""What went wrong on the way to the camera, in sentences that say what to do about it.

These are failures of the network, and answers of something that is not a camera; refusals by the
camera itself are in `replies`. `transport` and `link` raise these errors.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator

from indi_stx.errors import (
    CameraLacksCall,
    CameraReplyInvalid,
    CameraTimeout,
    CameraUnreachable,
)
from indi_stx.stx.replies import excerpt

_NO_ROUTE = {errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.ENETDOWN}


def not_connected(error: BaseException, place: str, request: str) -> CameraUnreachable:
    """Return the error for a connection that could not be made; `error` says why."""
    return CameraUnreachable(_why_not_connected(error, place), request=request)


def not_accepted(place: str, request: str, limit_s: float) -> CameraUnreachable:
    """Return the error for a connection that was neither accepted nor refused in time."""
    return CameraUnreachable(
        f"{place} did not accept a connection within {limit_s:g} s: "
        "check address, power and network cable.",
        request=request,
    )


def dropped(error: BaseException, place: str, request: str, *, body: bool) -> CameraUnreachable:
    """Return the error for a broken connection; `body`: after the answer's head had arrived."""
    when = "in the middle of an answer" if body else "before it answered"
    detail = f" ({excerpt(str(error))})" if str(error) else ""
    return CameraUnreachable(
        f"{place} dropped the connection {when}{detail}: check network cable and power.",
        request=request,
    )


def closed_by_us(place: str, request: str) -> CameraUnreachable:
    """Return the error for a connection that we closed during an answer."""
    return CameraUnreachable(f"The connection to {place} was closed on our side.", request=request)


def silent(place: str, request: str, what: str, limit_s: float) -> CameraTimeout:
    """Return the error for a late camera; `what` continues "The camera at ..."."""
    return CameraTimeout(
        f"The camera at {place} {what} for {limit_s:g} s: if it stays like this, "
        "switch it off and on.",
        request=request,
    )


def stalled(place: str, request: str, limit_s: float) -> CameraTimeout:
    """Return the error for a frame that stopped arriving."""
    return silent(place, request, "stopped sending the frame", limit_s)


def not_a_camera(place: str, request: str, how: str) -> CameraReplyInvalid:
    """Return the error for an answer that no STX camera gives; `how` follows "answered"."""
    return CameraReplyInvalid(
        f"{place} answered {how}, as no STX camera does: check address and port.", request=request
    )


def lacks_call(place: str, request: str) -> CameraLacksCall:
    """Return the error for "404 Not Found" (STX API, HTTP Status Codes: an unrecognized URI)."""
    return CameraLacksCall(
        f'{place} answered "404" to {request.partition("?")[0]}: a camera\'s firmware without this '
        "part does so; if nothing works, check address and port.",
        request=request,
    )


def no_image(request: str) -> CameraReplyInvalid:
    """Return the error for a download without a byte."""
    return CameraReplyInvalid(
        "The camera has no image: take an exposure, and wait until it is idle.", request=request
    )


def _why_not_connected(error: BaseException, place: str) -> str:
    causes = list(_causes(error))
    if any(isinstance(cause, socket.gaierror | UnicodeError) for cause in causes):
        return f"The name in {place} cannot be found on the network: check the address."
    if any(isinstance(cause, ConnectionRefusedError) for cause in causes):
        return (
            f"{place} refuses connections: something is switched on there, but it is no camera "
            "listening on this port. Check address and port."
        )
    if any(getattr(cause, "errno", None) in _NO_ROUTE for cause in causes):
        return f"There is no way to {place}: check the address, the network cable and the power."
    return f"No connection to {place}: check address, power and network cable ({error})."


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield `error` and everything that led to it; resolvers try several addresses at once."""
    yield error
    if isinstance(error, BaseExceptionGroup):
        for member in error.exceptions:
            yield from _causes(member)
    cause = error.__cause__ or error.__context__
    if cause is not None:
        yield from _causes(cause)
