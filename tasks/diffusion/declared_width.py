"""The width for which lengths are declared."""

DECLARED_WIDTH = 64
"""Displacements, kernels and sigmas are in pixels of a picture this wide, that of the first stage,
so that a view or a component is the same in the larger pictures of the second."""
