"""Plots of models of digits: their training, what they draw, what is measured of it."""
