"""Figures of pictures drawn from noise to a prompt."""
