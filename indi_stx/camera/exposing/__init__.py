"""One exposure, from the request to the frame at the clients or on disk.

`shot` says what is to be exposed. `run` has it started (`starting`) and waits; `phases` says what
an observed state of the camera means, `identity` which exposure an image is of. `download` fetches
the pixels behind a header that `header` describes, and `delivery` stores and sends the frame.
Nothing in here publishes a property or imports a feature: features pass in callables instead.
"""
