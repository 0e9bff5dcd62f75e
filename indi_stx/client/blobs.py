"""What a BLOB holds: bytes that came inline, or a map of the descriptor that came beside it."""

from __future__ import annotations

import mmap
import os
from collections.abc import Callable
from dataclasses import replace

from indi_stx.errors import ClientError
from indi_stx.indi import Attached, OneBlob, SetVector


def with_contents(vector: SetVector, take_descriptor: Callable[[], int]) -> SetVector:
    """Return a vector of BLOBs whose attached contents have become memory that can be read.

    Raises:
        ClientError: no descriptor came, or what it leads to is shorter than announced.
    """
    return replace(
        vector,
        elements=tuple(
            replace(one, content=mapped(take_descriptor(), one.content.length))
            if isinstance(one, OneBlob) and isinstance(one.content, Attached)
            else one
            for one in vector.elements
        ),
    )


def mapped(descriptor: int, length: int) -> memoryview:
    """Return the first `length` bytes behind a descriptor, not copied, and close the descriptor.

    The memory is given back with the last reference to the view. The map is private, because
    Linux before 6.7 refuses shared ones of memory that its sender has sealed against writing.

    Raises:
        ClientError: it cannot be mapped, for instance because it is shorter.
    """
    try:
        if length == 0:  # mmap takes that for "all of it"
            return memoryview(b"")
        return memoryview(
            mmap.mmap(descriptor, length, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ)
        )
    except (OSError, ValueError) as error:
        raise ClientError(f"A BLOB of {length} bytes cannot be read: {error}.") from error
    finally:
        os.close(descriptor)
