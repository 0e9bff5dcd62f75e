"""Turn pixels into FITS files; nothing in here knows INDI, HTTP or a camera.

`header_facts` is what is known of an exposure. `header` makes the FITS header from it, card by card
(`header_cards`); `coordinates` computes J2000 coordinates and airmass for it. `frame` puts the
camera's pixels behind that header while they arrive; `fits_receiver` does the same when the camera
sends its own FITS file. The result is a `Frame`, a finished FITS file in sealed memory (`memory`).
It can be sent as it is, compressed (`compress`), written to disk (`storage`, under a name that
`file_names` finds) or shown to people (`preview`).

Each of these may import those named before it, never those after it. Functions that take long or
touch a disk say so and must be called in a thread; the frame may be closed while they run.
"""
