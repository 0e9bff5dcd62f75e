"""The camera as INDI devices. `features/` is what a camera can do, one module or folder each.

`devices` puts the two INDI devices together, `connection` and `guide_head` say when they have a
session; a `session` is one connection with its client, `facts` and features, made anew each time,
and `lasting` is what outlives it. `telemetry` polls what the features' properties show,
`active_devices` listens to telescope and others, `surroundings` gathers that for FITS headers, and
`exposing/` carries one exposure from the wish to the delivered frame. Features do not know each
other; they declare INDI properties (`indi_stx.driver`), call the camera (`indi_stx.stx`) and make
frames (`indi_stx.images`), and those three do not know each other either.
"""
