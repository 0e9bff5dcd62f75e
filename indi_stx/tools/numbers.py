"""Numbers on the command line, with limits; for argparse."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable


def whole(lowest: int, highest: int) -> Callable[[str], int]:
    """Return a reader of whole numbers in these limits."""

    def read(text: str) -> int:
        digits = text.strip()
        if digits.isascii() and digits.isdecimal() and lowest <= int(digits) <= highest:
            return int(digits)
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a whole number from {lowest} to {highest}"
        )

    return read


def real(unit: str, lowest: float, highest: float) -> Callable[[str], float]:
    """Return a reader of numbers in these limits; `unit` is for the message."""

    def read(text: str) -> float:
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not lowest <= number <= highest:
            raise argparse.ArgumentTypeError(
                f"{text!r} is not a number of {unit} from {lowest:g} to {highest:g}"
            )
        return number

    return read
