"""One exposure from its start to its delivery; knows no feature."""
