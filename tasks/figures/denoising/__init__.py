"""Plots of a picture's noise, and of ways to remove it."""
