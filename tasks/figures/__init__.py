"""Drawing: arrays and tables in, image bytes out. Neither torch nor Prefect is imported here.

The same inputs give the same bytes: fonts are the ones matplotlib ships, nothing reads a clock, and
PNG and WebP files carry no metadata.
"""
