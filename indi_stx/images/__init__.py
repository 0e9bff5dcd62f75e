"""Frames on their way from pixels to FITS files: no INDI, no HTTP and no camera in here."""
