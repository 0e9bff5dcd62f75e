"""What the camera can do: one module or folder for each feature; none imports another."""
