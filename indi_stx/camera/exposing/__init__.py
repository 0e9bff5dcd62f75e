"""One exposure, from the wish for it to the frame at the clients or on disk.

`shot` says what is to be exposed, `phases` what an observed state of the camera means, `run` starts
the exposure and waits, `download` fetches the pixels behind a header that `header` describes, and
`delivery` stores and sends the frame. A frame goes this way once; nobody in here publishes a
property, and no feature is known here: what a feature has to add comes in by a callable.
"""
