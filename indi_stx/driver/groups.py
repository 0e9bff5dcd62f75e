"""The tabs that clients show properties in; libindi's own names."""

MAIN = "Main Control"
CONNECTION = "Connection"
GENERAL = "General Info"
OPTIONS = "Options"
IMAGE_SETTINGS = "Image Settings"
IMAGE_INFO = "Image Info"
