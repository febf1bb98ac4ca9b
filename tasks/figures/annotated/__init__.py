"""Plots of the annotated-diffusion write-up."""
