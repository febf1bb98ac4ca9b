"""Figures of the models that are trained here, and of their checkpoints."""
