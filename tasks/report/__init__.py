"""The report: rows of the manifest in, a folder of HTML out.

Neither torch, Prefect nor pandas is imported here, and no clock is read: the same manifest gives
the same bytes.
"""
