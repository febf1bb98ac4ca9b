"""What the pocket model is trained on, found and checked: the font, the artists' pictures, the
table of concepts and the code that draws photographs."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasks import BadInput
from tasks.pocket.world.photographs import code_of_photographs, render_photographs
from tasks.running.kinds import Surroundings
from tasks.shipped import project_path
from tasks.store.local_files import given_path

EARLIER = {
    "unet": "unet/diffusion_pytorch_model.safetensors",
    "text_encoder": "text_encoder/model.safetensors",
}
"""Files of an earlier model that training goes on from."""

if TYPE_CHECKING:
    import torch

    from tasks.pocket.world.world import World


def load_world(
    params: Mapping[str, Any],
    project_root: Path,
    *,
    side: int = 64,
    world_seed: int | None = None,
    device: torch.device | str = "cpu",
    report: Callable[[int, int, str], None] = lambda done, total, message: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> World:
    """The world that `params` describe, at `side` pixels: {"font", "font_sha256", "artists",
    "assets", "concepts", "concepts_sha256", "photographs", "styles", "world_seed"}. Paths are
    relative to project_root.

    world_seed: another than the declared one, for pictures never trained on.
    Raises BadInput where a file is missing or not the one that was declared.
    """
    from tasks.pocket.world.concepts import read_concepts
    from tasks.pocket.world.glyphs import check_archive, drawn_glyphs, load_font
    from tasks.pocket.world.world import World

    font = project_path(params["font"], project_root)
    concepts = project_path(params["concepts"], project_root)
    assets = given_path(params["assets"], project_root)
    _check_font(font, params["font_sha256"])
    found = _sha256(concepts)
    if found != params["concepts_sha256"]:
        raise BadInput(f"{concepts} is another than when the plan was made; plan again")
    table = read_concepts(concepts)
    archives = {
        name: (check_archive(artist["package"], artist["integrity"], assets), artist["folder"])
        for name, artist in params["artists"].items()
    }
    glyphs = drawn_glyphs(
        load_font(font),
        archives,
        {part.glyph for concept in table for part in concept.parts if part.glyph[0] != "@"},
        # Enlarged, a picture of 64 pixels would teach stage II blur.
        smallest=3 * side // 4,
    )
    seed = int(params["world_seed"]) if world_seed is None else world_seed
    declared = params["photographs"]
    scenes = int(declared["scenes"])
    rendered = None
    if scenes:
        if code_of_photographs(project_root) != declared["code"]:
            raise BadInput("data/images draws others than when the plan was made; plan again")
        rendered = render_photographs(
            project_root,
            assets,
            seed=int(params["world_seed"]),
            scenes=scenes,
            report=report,
            should_stop=should_stop,
        )
    return World(table, glyphs, rendered, params["styles"], side=side, seed=seed, device=device)


def check_sources(params: Sequence[Mapping[str, Any]], surroundings: Surroundings) -> None:
    """Raise BadInput unless the declared font, packages and weights are there: known before a run
    starts."""
    from tasks.pocket.world.glyphs import check_archive

    for node in params:
        _check_font(project_path(node["font"], surroundings.project_root), node["font_sha256"])
        for artist in node["artists"].values():
            assets = given_path(node["assets"], surroundings.project_root)
            check_archive(artist["package"], artist["integrity"], assets)
        if node.get("start") is not None:
            read_start(node["start"], surroundings.project_root)


def read_start(start: Mapping[str, str], project_root: Path) -> dict[str, bytes]:
    """The weights of an earlier model, by part: those of EARLIER whose "<part>_sha256" is declared.
    Raises BadInput where a file is missing or not the declared one."""
    weights = {}
    for part, name in EARLIER.items():
        if f"{part}_sha256" not in start:
            continue
        file = project_path(start["folder"], project_root) / name
        try:
            weights[part] = file.read_bytes()
        except OSError as error:
            raise BadInput(f"{file} cannot be read ({error.strerror})") from None
        if hashlib.sha256(weights[part]).hexdigest() != start[f"{part}_sha256"]:
            raise BadInput(
                f"{file} is not what its start in pipelines.yaml declares; take the "
                "declared version from the repository's history into a folder of its own and name "
                "that, or set start to null to begin from random weights"
            )
    return weights


def _check_font(path: Path, expected: str) -> None:
    try:
        found = _sha256(path)
    except OSError as error:
        raise BadInput(
            f"{path} cannot be read ({error.strerror}); install the Debian package "
            "fonts-noto-color-emoji, or set pocket.font and pocket.font_sha256 to another font"
        ) from None
    if found != expected:
        raise BadInput(
            f"{path} has the SHA-256 {found}, but pocket.font_sha256 says {expected}; another "
            "version draws other pictures: declare it, and the model is trained anew"
        )


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
