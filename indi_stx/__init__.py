"""INDI driver, HTTP client and simulated camera for SBIG STX, STXL and STT cameras."""

__version__ = "2.1.0"
