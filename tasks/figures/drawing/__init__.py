"""What plots draw with: sheets of pictures, charts, moving pictures, and how inputs are read.

matplotlib is imported where a chart is drawn: the report reads modules of plots, and draws none.
"""
