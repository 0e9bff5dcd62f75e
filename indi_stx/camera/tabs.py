"""The tabs that a camera adds to those of every device, with libindi's names where it has any."""

IMAGE_SETTINGS = "Image Settings"
IMAGE_INFO = "Image Info"
GUIDER_CONTROL = "Guider Control"
GUIDER_HEAD = "Guider Head"
FILTER_WHEEL = "Filter Wheel"
WCS = "WCS"
CAMERA_FITS = "Camera FITS"
