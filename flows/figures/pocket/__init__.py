"""Figures of the pocket model's own: what it draws of its concepts."""
