"""Measurements, run by `make bench`, which writes results.md beside this file."""
