"""A test of any camera, real or simulated, against the STX HTTP API document.

The rows are made from the document's tables, which were read for this purpose alone: nothing here
comes from the client or from the simulated camera, so that one misreading cannot hide in all three.

`tables` and `camera_tables` are values of the document, `calls` its 37 calls with parameters,
states, defaults and refusals. `kinds` makes the rows that follow from these alone. The others are
in `protocol`, `settings`, `exposures`, `frames`, `filters`, `guiding`, `fits` and `newer`. A check
(`rows`) asks the camera through a `session` (raw exchanges in `http`) and raises what is in
`expecting`. `checks` runs the rows, `restoring` gives the camera back as it was, also after the
signals of `stopping`; `command` and `report` are the command line.
"""
