"""The tabs of clients that every INDI device has; libindi's own names."""

MAIN = "Main Control"
CONNECTION = "Connection"
GENERAL = "General Info"
OPTIONS = "Options"
