"""A test of any camera, real or simulated, against the STX HTTP API document.

The rows are made from the document's tables, which were read for this purpose alone: nothing here
comes from the client or from the simulated camera, so that one misreading cannot hide in all three.

`tables` are values of the document, `calls` its 37 calls. `rows` declares a check's rows: one for
each of its arguments. `kinds` are the checks whose rows follow from the calls alone, `settings`
those of all Set calls, and `exposures`, `frames`, `filters`, `guiding`, `newer` and `protocol` have
the others. A check asks through a `session` (raw exchanges in `http`). `checks` runs the rows,
`restoring` ends what they begin and gives the camera back as it was, also after the signals of
`stopping`; `command` and `report` are the command line.
"""
