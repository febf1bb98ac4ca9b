"""Plots of the pocket model itself."""
