"""A test of any camera, real or simulated, against the STX HTTP API document.

The rows are made from the document's tables (`tables`), which were read for this purpose alone:
nothing here comes from the client or from the simulated camera, so that one misreading cannot hide
in all three.
"""
