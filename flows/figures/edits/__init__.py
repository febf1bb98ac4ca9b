"""Figures of images edited: by noise level, towards a prompt, inside a mask."""
