"""The tabs that clients show for every INDI device, with libindi's names."""

MAIN = "Main Control"
CONNECTION = "Connection"
GENERAL = "General Info"
OPTIONS = "Options"
