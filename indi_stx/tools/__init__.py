"""Commands for the telescope that need no INDI: probe, find, capture and watch.

Each of them has a light file with its options (`probe`, `find`, `capture`, `watch`). What they do
is imported when they run, so that `indi-stx --help` loads neither rich nor numpy. `running` turns
errors and signals into messages and exit statuses, `terminal` decides what the output looks like.
"""
