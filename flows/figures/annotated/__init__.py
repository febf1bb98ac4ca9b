"""Figures of the annotated-diffusion write-up."""
