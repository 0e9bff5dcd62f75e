"""Frames on their way from pixels to FITS files: no INDI, no HTTP and no camera in here.

`header_facts` is what is known of an exposure. `header` makes the FITS header of it, card by card
(`header_cards`); `coordinates` gives it J2000 and airmass. `frame` puts the camera's pixels behind
that header while they arrive; `fits_receiver` does it for a camera that sends a FITS file of its
own. The result is a `Frame`, a finished FITS file in sealed memory (`memory`), and can be sent as
it is, made smaller (`compress`), written to disk (`storage`, under a name that `file_names` finds)
or shown to people (`preview`).

Imports go from the later to the earlier of these, never back. Whatever takes long or touches a disk
says so and is called in a thread; a frame may be closed meanwhile.
"""
