"""Data sets and input images, found, checked and brought to arrays."""
