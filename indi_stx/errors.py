"""Every error this project raises on purpose, in one tree.

    IndiStxError
      IndiProtocolError       the peer broke the INDI wire; that message is skipped and logged
      PropertyError           our own code misused a property; a bug, told as one
      ValueRefused            a client asked for the impossible; Alert and the message
      ConfigError             a configuration file fails us; Alert and the message
        ConfigMissing         there is none yet, which is no fault: Alert, and told as news
      ConnectionClosed        work for a connection that has ended; told where somebody waits
      ImageError              an impossible frame, card or image file; Alert, or tried again
      SimulatorError          the simulated camera cannot start as asked (port taken, model)
      InstallError            `indi-stx install` cannot do that here; says what to do
      ClientError             our INDI client did not get what it waits for
        ServerLost            no INDI server there, or it hung up, or it cannot be started
        NotInTime             the server is there, but what was waited for did not come
        RequestFailed         the driver answered with Alert; has its words
      CameraError             anything between us and the camera; carries the request
        CameraUnreachable     no connection: the user checks address, cable and power
        CameraTimeout         connected, but no complete answer in time; retried where safe
        CameraReplyInvalid    an answer that is not this camera's language; has an excerpt
          CameraLacksCall     "404 Not Found": this firmware has no such call
        ExposureFailed        an accepted exposure gave no image; take another
        CameraRefused         the camera said 400 and one of its codes; code, text, advice
          CameraBusy          it is exposing, or its filter wheel moves; ask again later

`str(error)` is always a sentence that a person at the telescope can act on.
"""

from __future__ import annotations


class IndiStxError(Exception):
    """Root of the tree."""


class IndiProtocolError(IndiStxError):
    """Bytes from the peer are not INDI; the parser has skipped past them.

    Attributes:
        start_tag: the beginning of what was skipped, as far as it may tell whom it was for.
    """

    def __init__(self, message: str, *, start_tag: str = "") -> None:
        super().__init__(message)
        self.start_tag = start_tag


class PropertyError(IndiStxError):
    """Our code addressed an element that does not exist or gave it a value of the wrong kind."""


class ValueRefused(IndiStxError):
    """A client's value cannot be accepted; the property keeps its old one and turns Alert."""


class ConfigError(IndiStxError):
    """A configuration file is missing, unreadable, unwritable or not a configuration."""


class ConfigMissing(ConfigError):
    """There is no configuration file yet."""


class ConnectionClosed(IndiStxError):
    """The connection that this belongs to has ended meanwhile; nothing was begun."""


class ImageError(IndiStxError):
    """Pixels do not fit their frame, a header card is impossible, or a file cannot be stored."""


class SimulatorError(IndiStxError):
    """The simulated camera cannot be started as asked."""


class InstallError(IndiStxError):
    """Something cannot be installed or removed as asked; nothing was changed."""


class ClientError(IndiStxError):
    """Our INDI client did not get what it waits for."""


class ServerLost(ClientError):
    """There is no INDI server, or there is none any more."""


class NotInTime(ClientError):
    """What was waited for did not come within the time allowed."""


class RequestFailed(ClientError):
    """The property that was written turned Alert."""


class CameraError(IndiStxError):
    """Something went wrong between us and the camera.

    Attributes:
        request: path and query of the call that failed, as sent.
    """

    def __init__(self, message: str, *, request: str) -> None:
        super().__init__(message)
        self.request = request


class CameraUnreachable(CameraError):
    """No connection could be made, or an established one broke."""


class CameraTimeout(CameraError):
    """The camera accepted the connection but did not answer in time."""


class CameraReplyInvalid(CameraError):
    """Whatever answered does not speak the STX HTTP API, or its answer is damaged.

    Attributes:
        excerpt: the beginning of what came instead.
    """

    def __init__(self, message: str, *, request: str, excerpt: str = "") -> None:
        super().__init__(message, request=request)
        self.excerpt = excerpt


class CameraLacksCall(CameraReplyInvalid):
    """The answer was "404 Not Found": this firmware does not have the call, nor what it is about.

    Something else than a camera may answer so too.
    """


class ExposureFailed(CameraError):
    """The camera accepted an exposure, but there is no image of it and there will be none."""


class CameraRefused(CameraError):
    """The camera answered "400 Bad Request" with one of its error codes.

    Attributes:
        code: 0x80001000 to 0x8000100d (STX API, the error tables), or 0 when it gave none.
        text: the camera's own words.
        advice: one sentence on what to do about it.
    """

    def __init__(self, *, request: str, code: int, text: str, advice: str) -> None:
        number = f" (0x{code:08x})" if code else ""
        super().__init__(f"The camera refused: {text}{number} {advice}", request=request)
        self.code = code
        self.text = text
        self.advice = advice


class CameraBusy(CameraRefused):
    """The camera is exposing, or its filter wheel is moving; the same call may succeed later."""
