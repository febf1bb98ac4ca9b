"""Words that captions and pictures share. Imports nothing heavy: plans use it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

UPRIGHT = "upright"

_VIEWS = {
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


def join_words(words: Sequence[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)


def after_epochs(epochs: Iterable[int]) -> str:
    """ "after epoch 5", "after epochs 1, 5 and 10"."""
    words = [str(epoch) for epoch in epochs]
    return f"after {'epochs' if len(words) > 1 else 'epoch'} {join_words(words)}"


def view_words(view: Mapping[str, Any]) -> str:
    """The view {"name": ..., parameters} in words that fit over a picture."""
    name = str(view["name"])
    if name == "skew":
        displacement = view.get("max_displacement")
        return "columns rolled" + (f" by up to {displacement:g} px" if displacement else "")
    return _VIEWS.get(name, name.replace("_", " "))
