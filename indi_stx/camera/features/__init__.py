"""What the camera can do: one module or folder a feature; none imports another."""
