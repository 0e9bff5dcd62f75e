"""Turn pixels into FITS files; nothing in here knows INDI, HTTP or a camera.

`header_facts` is what is known of an exposure; `coordinates` adds J2000 and airmass. `header` makes
the FITS header of it, of single cards (`header_cards`). `frame` puts the camera's pixels behind
that header while they arrive; `fits_receiver` does so for a camera that sends a FITS file of its
own. The result is a `Frame`, a finished FITS file in sealed memory (`memory`). It can be sent as it
is, made smaller (`compress`), written to disk (`storage`, under a name from `file_names`, with
`disk_errors` for what goes wrong) or shown to people (`preview`).

Whatever takes long or touches a disk says so and is called in a thread; its frame may be closed
meanwhile.
"""
