"""A real indiserver for a test, on ports, sockets and a home of its own."""

from indi_stx.client.indiserver import DEVICE, DRIVER, IndiServer, free_port, indiserver

__all__ = ["DEVICE", "DRIVER", "IndiServer", "free_port", "indiserver"]
