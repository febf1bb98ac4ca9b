"""`darkroom train-pocket`: train, measure and write the pocket model's folders."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from flows.declaration.pocket import Pocket
from flows.declaration.read_declaration import read_declaration
from flows.nodes.pocket_nodes import MEASURE, SIMILARITY, STAGE_ONE, STAGE_TWO
from flows.run.run import plan_request
from flows.run.run_request import RunRequest
from tasks import BadInput
from tasks.store.local_files import given_path
from tasks.store.row import Row
from tasks.store.store import Store

PIPELINE = "pocket"
"""The declared pipeline that trains and measures it."""

CARD = "README.md"


def require_own_places(request: RunRequest) -> None:
    """Raise BadInput, before anything is trained, if a folder to be written holds something that
    is not a pocket model."""
    file = read_declaration(request.declaration)
    pocket = file.settle(request.profile, request.overrides).pocket
    for name, output in (pocket.output if pocket is not None else {}).items():
        _require_own(given_path(output, file.project_root), name)


def _require_own(place: Path, name: str) -> None:
    try:
        is_own = not os.path.lexists(place) or not any(place.iterdir())
        is_own = is_own or (place / CARD).read_bytes().startswith(b"# pocket-")
    except OSError:
        is_own = False
    if not is_own:
        raise BadInput(
            f"pocket.output.{name}: {place} holds something that is no pocket model, and would be "
            "replaced; name another folder, or move it away"
        )


def write_trained(request: RunRequest) -> list[Path]:
    """Write what the nodes of `request`, a run of PIPELINE that ended well, have made."""
    declaration = read_declaration(request.declaration)
    store = Store.open(request.store)
    plan = plan_request(request, declaration, store)
    rows = {node.node.name: node.row for node in plan.nodes if node.row is not None}
    pocket = declaration.settle(request.profile, request.overrides).pocket
    assert pocket is not None
    return write_models(pocket, rows, store, declaration.project_root)


def write_models(
    pocket: Pocket, rows: Mapping[str, Row], store: Store, project_root: Path
) -> list[Path]:
    """Write both stages in DeepFloyd IF's layout and the similarity model in CLIP's, with cards.

    rows: manifest rows of the pocket nodes by name. A folder is built beside its place and then
    takes it, so that no reader meets half a model. Returns the folders.

    Raises BadInput if a row is missing: train first.
    """
    from tasks.pocket.export import save_stage_one, save_stage_two
    from tasks.pocket.model_card import similarity_card, stage_one_card, stage_two_card
    from tasks.pocket.similarity.train_similarity import save_similarity_model
    from tasks.text_to_image.quiet import quiet_libraries

    missing = [name for name in (STAGE_ONE, STAGE_TWO, SIMILARITY, MEASURE) if name not in rows]
    if missing:
        raise BadInput(f"{missing[0]} is not in the store; run `darkroom train-pocket` to the end")
    artists = [f"{artist.title}, {artist.licence}" for artist in pocket.artists.values()]
    one, two, measured = rows[STAGE_ONE], rows[STAGE_TWO], rows[MEASURE]
    clip = rows[SIMILARITY]

    def read(row: Row, name: str) -> bytes:
        return store.read_object(row.objects[name])

    def stage_one(folder: Path) -> None:
        save_stage_one(
            read(one, "spiece.model"),
            read(one, "text_encoder.safetensors"),
            read(one, "unet.safetensors"),
            folder,
        )
        card = stage_one_card(one.params, one.metrics, measured.metrics, measured.params, artists)
        (folder / CARD).write_text(card, encoding="utf-8")

    def stage_two(folder: Path) -> None:
        save_stage_two(read(two, "unet.safetensors"), folder)
        card = stage_two_card(two.params, two.metrics, measured.metrics, artists)
        (folder / CARD).write_text(card, encoding="utf-8")

    def similarity(folder: Path) -> None:
        save_similarity_model(
            read(clip, "weights.safetensors"), read(clip, "tokenizer.zip"), folder
        )
        card = similarity_card(clip.params, clip.metrics, artists)
        (folder / CARD).write_text(card, encoding="utf-8")

    builders = {"stage_one": stage_one, "stage_two": stage_two, "similarity": similarity}
    places = []
    for name, build in builders.items():
        places.append(given_path(pocket.output[name], project_root))
        _require_own(places[-1], name)
        with quiet_libraries():
            _replace(places[-1], build)
    return places


def _replace(place: Path, build: Callable[[Path], None]) -> None:
    """Put what `build` writes into a folder in the place of the one there; that stays on errors."""
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place.parent, prefix=".new-") as scratch:
        new, old = Path(scratch) / "new", Path(scratch) / "old"
        new.mkdir()
        build(new)
        is_replaced = place.exists()
        if is_replaced:
            shutil.move(place, old)
        try:
            shutil.move(new, place)
        except BaseException:
            # With the scratch folder the old model would go as well.
            if is_replaced:
                shutil.rmtree(place, ignore_errors=True)
                shutil.move(old, place)
            raise
