"""Plots of pictures that show one thing and another."""
