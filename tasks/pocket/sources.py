"""What the pocket model is trained on, found and checked: the font and the table of concepts."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasks import BadInput
from tasks.running.kinds import Surroundings
from tasks.store.local_files import given_path

if TYPE_CHECKING:
    from tasks.pocket.bank import Bank
    from tasks.pocket.concepts import Concept


def load_bank(params: Mapping[str, Any], project_root: Path) -> tuple[Bank, list[Concept]]:
    """The bank that `params` describe: {"font", "font_sha256", "concepts", "concepts_sha256",
    "styles", "variants", "bank_seed"}. Paths are relative to project_root.

    Raises BadInput where a file is missing or not the one that was declared.
    """
    # Not above: the plan asks for check_fonts alone.
    from tasks.pocket.bank import draw_bank
    from tasks.pocket.concepts import read_concepts
    from tasks.pocket.glyphs import load_font

    font = given_path(params["font"], project_root)
    concepts = given_path(params["concepts"], project_root)
    _check(font, params["font_sha256"], "pocket.font_sha256")
    _check(concepts, params["concepts_sha256"], "the plan")
    table = read_concepts(concepts)
    bank = draw_bank(
        load_font(font),
        table,
        params["styles"],
        seed=params["bank_seed"],
        variants=params["variants"],
    )
    return bank, table


def check_fonts(params: Sequence[Mapping[str, Any]], surroundings: Surroundings) -> None:
    """Raise BadInput unless the declared font is installed: known before a run starts."""
    for node in params:
        font = given_path(node["font"], surroundings.project_root)
        _check(font, node["font_sha256"], "pocket.font_sha256")


def _check(path: Path, expected: str, declared_by: str) -> None:
    try:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise BadInput(
            f"{path} cannot be read ({error.strerror}); install the Debian package "
            "fonts-noto-color-emoji, or set pocket.font and pocket.font_sha256 to another font"
        ) from None
    if found != expected:
        raise BadInput(
            f"{path} has the SHA-256 {found}, but {declared_by} says {expected}; another version "
            "draws other pictures: declare it, and the model is trained anew"
        )
