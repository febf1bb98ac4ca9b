"""A write-up's text: its notation, read from Markdown; formulas, citations, listings, numbers.

Read when a run is planned and again when its page is built, so nothing here imports torch, Prefect
or NumPy.
"""
