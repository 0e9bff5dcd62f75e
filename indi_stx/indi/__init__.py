"""The INDI protocol, version 1.7, without I/O: messages, numbers, parser, writer.

Nothing in here opens, waits or knows a device; bytes go in and out by argument and return value.
"""
