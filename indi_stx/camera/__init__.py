"""The camera as INDI devices. `features/` is what a camera can do, one module or folder each.

`devices` assembles the two INDI devices; `connection` and `guide_head` decide when each of them has
a session. A `session` is one connection with its HTTP client, its `facts` and its features, made
anew each time; `lasting` is what outlives it. `telemetry` polls what the features' properties show,
`active_devices` listens to the telescope and other devices, `surroundings` gathers for FITS headers
what they say, and `exposing/` carries one exposure from the request to the delivered frame.
Features do not import each other. They declare INDI properties (`indi_stx.driver`), call the camera
(`indi_stx.stx`) and make frames (`indi_stx.images`); those three do not import each other either.
"""
