"""What reports say of the pocket model: its phases in order, and what retrieval is measured of.
Imports nothing heavy."""

from __future__ import annotations

MEASURES = ("concept", "style", "both")

SEEN = {
    "whole": "as drawn",
    "at_24": "scaled down to 24 pixels",
    "at_16": "scaled down to 16 pixels",
    "at_8": "scaled down to 8 pixels",
    "high_passed": "without low frequencies",
    "disturbed": "disturbed as in training",
}


ORDER = ("words", "whole", "long", "fine", "windows", "pictures", "reader", "similarity")
