"""The small declaration with two claims, of which a figure can show the first."""

from __future__ import annotations

from pathlib import Path

import yaml

from tests.flows.conftest import SMALL

CLAIMS = {
    "denoiser-epochs": {
        "claim": "It gets better.",
        "holds_when": "the error falls",
        "writeups": ["small"],
    },
    "uncond-random": {
        "claim": "Every digit comes.",
        "holds_when": "each is there",
        "writeups": ["small"],
    },
}


def declared(folder: Path, **claims: object) -> Path:
    """The small declaration with claims."""
    data = yaml.safe_load(SMALL.read_text(encoding="utf-8"))
    file = folder / "claims.yaml"
    file.write_text(yaml.safe_dump({**data, "claims": {**CLAIMS, **claims}}), encoding="utf-8")
    return file
