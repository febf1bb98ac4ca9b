"""What a picture seen in a view is called. Imports nothing heavy: plans use it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

UPRIGHT = "upright"

_WORDS = {
    "identity": UPRIGHT,
    "flip": "upside down",
    "rotate_90_cw": "a quarter turn clockwise",
    "rotate_90_ccw": "a quarter turn counterclockwise",
    "rotate_180": "turned by 180 degrees",
    "negate": "in negative",
    "patch_permutation": "patches rearranged",
    "pixel_permutation": "pixels rearranged",
    "jigsaw": "jigsaw pieces exchanged",
    "inner_circle": "inner circle turned",
    "square_hinge": "squares turned on their hinges",
}


def view_words(view: Mapping[str, Any]) -> str:
    """The view {"name": ..., parameters} in words that fit over a picture."""
    name = str(view["name"])
    if name == "skew":
        displacement = view.get("max_displacement")
        return "columns rolled" + (f" by up to {displacement:g} px" if displacement else "")
    return _WORDS.get(name, name.replace("_", " "))
