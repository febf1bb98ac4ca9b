"""Checks of text-to-image panels: images that are declared, timesteps that are visited, sizes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from flows.declaration.document import Declaration
from flows.declaration.pictures import (
    DIVISORS,
    STAGE_ONE_SIZE,
    AnyComponents,
    AnyView,
    Motion,
    Scale,
    Triple,
    check_mask,
    fixed_part,
    prompted_parts,
)
from flows.declaration.problems import Path, Problem, check_distinct, check_name, show_value
from flows.declaration.trajectory_panels import (
    Anagram,
    AnagramPair,
    Blur,
    Edit,
    Factorized,
    Forward,
    Hole,
    Hybrid,
    HybridPair,
    Inpainting,
    Iterative,
    Methods,
    OneStep,
    Sdedit,
    TextEdit,
    TrajectoryPanel,
)


def check_trajectory_panel(
    declaration: Declaration, path: Path, panel: TrajectoryPanel
) -> Iterator[Problem]:
    """Problems of `panel`, which stands at `path`."""
    if isinstance(panel, Forward | Blur | OneStep | Iterative | Methods):
        yield from _check_image(declaration, (*path, "image"), panel.image)
    for name in ("timesteps", "steps", "prompts", "i_starts", "snapshots", "images", "seeds"):
        values = getattr(panel, name, None)
        if isinstance(values, list):
            yield from check_distinct((*path, name), values)
    if isinstance(panel, Blur | Methods | Hybrid):
        yield from _check_odd((*path, "kernel"), panel.kernel)
    if isinstance(panel, Iterative | Methods):
        yield from _check_i_start(declaration, (*path, "i_start"), panel.i_start)
    if isinstance(panel, Iterative):
        yield from _check_snapshots(declaration, path, panel)
    elif isinstance(panel, Sdedit | TextEdit):
        for index, i_start in enumerate(panel.i_starts):
            yield from _check_i_start(declaration, (*path, "i_starts", str(index)), i_start)
    yield from _check_entries(declaration, path, panel)


def _check_entries(
    declaration: Declaration, path: Path, panel: TrajectoryPanel
) -> Iterator[Problem]:
    """Problems of the entries that a panel lists, and of what they share."""
    if isinstance(panel, Sdedit):
        for index, image in enumerate(panel.images):
            yield from _check_image(declaration, (*path, "images", str(index)), image)
    elif isinstance(panel, TextEdit):
        for index, edit in enumerate(panel.edits):
            yield from _check_painted(declaration, (*path, "edits", str(index)), edit)
        yield from _check_different(path, "edits", panel.edits)
    elif isinstance(panel, Inpainting):
        for index, hole in enumerate(panel.holes):
            yield from _check_painted(declaration, (*path, "holes", str(index)), hole)
        yield from _check_different(path, "holes", panel.holes)
    elif isinstance(panel, Anagram):
        yield from _check_view((*path, "view"), panel.view)
        yield from _check_pairs(path, panel.pairs)
    elif isinstance(panel, Hybrid):
        yield from _check_pairs(path, panel.pairs)
    elif isinstance(panel, Factorized):
        yield from _check_factorized(declaration, path, panel)


def _check_painted(declaration: Declaration, path: Path, painted: Edit | Hole) -> Iterator[Problem]:
    yield from _check_image(declaration, (*path, "image"), painted.image)
    if painted.mask is not None:
        yield from check_mask((*path, "mask"), painted.mask)


def _check_pairs(path: Path, pairs: Sequence[AnagramPair | HybridPair]) -> Iterator[Problem]:
    for index, pair in enumerate(pairs):
        if pair.seeds is not None:
            yield from check_distinct((*path, "pairs", str(index), "seeds"), pair.seeds)
    yield from _check_different(path, "pairs", pairs)


def _check_different(path: Path, name: str, entries: Sequence[Any]) -> Iterator[Problem]:
    for index, entry in enumerate(entries):
        if entry in entries[:index]:
            first = list(entries).index(entry)
            yield Problem(
                (*path, name, str(index)),
                f"is the same as {name}.{first}; expected each entry once",
            )


def _check_image(declaration: Declaration, path: Path, image: str) -> Iterator[Problem]:
    yield from check_name(path, image, declaration.images, "image")


def _check_odd(path: Path, size: int) -> Iterator[Problem]:
    if size % 2 == 0:
        yield Problem(
            path,
            f"is {size}; expected an odd number, so that the kernel has a middle, such as "
            f"{size + 1}",
        )


def _check_i_start(declaration: Declaration, path: Path, i_start: int) -> Iterator[Problem]:
    timesteps = declaration.text_to_image.timesteps
    if i_start >= len(timesteps):
        yield Problem(
            path,
            f"is {i_start}; expected at most {len(timesteps) - 1}, the place of the last of the "
            f"{len(timesteps)} timesteps {_shown(timesteps)} (text_to_image.first_timestep and "
            "text_to_image.stride)",
        )


def _check_snapshots(declaration: Declaration, path: Path, panel: Iterative) -> Iterator[Problem]:
    visited = declaration.text_to_image.timesteps[panel.i_start :]
    for index, t in enumerate(panel.snapshots):
        if visited and t not in visited:
            near = min(visited, key=lambda other: abs(other - t))
            yield Problem(
                (*path, "snapshots", str(index)),
                f"is {t}, which is not visited from i_start {panel.i_start}; expected one of the "
                f"timesteps {_shown(visited)}; nearest: {near}",
            )


def _shown(timesteps: Sequence[int]) -> str:
    if len(timesteps) <= 4:
        return ", ".join(map(str, timesteps))
    return f"{timesteps[0]}, {timesteps[1]}, ..., {timesteps[-1]}"


def _check_view(path: Path, view: AnyView) -> Iterator[Problem]:
    parameter = DIVISORS.get(view.name)
    if parameter is None:
        return
    count: int = getattr(view, parameter)
    if STAGE_ONE_SIZE % count:
        yield Problem(
            (*path, parameter),
            f"is {count}; expected a divisor of {STAGE_ONE_SIZE}, the width of the picture",
        )


def _check_factorized(declaration: Declaration, path: Path, panel: Factorized) -> Iterator[Problem]:
    yield from _check_components((*path, "components"), panel.components)
    parts = prompted_parts(panel.components)
    fixed = fixed_part(panel.components)
    for index, picture in enumerate(panel.pictures):
        where = (*path, "pictures", str(index))
        if len(picture.prompts) != len(parts):
            yield Problem(
                (*where, "prompts"),
                f"has {len(picture.prompts)}; expected {len(parts)}, for {', '.join(parts)}",
            )
        if picture.image is not None:
            yield from _check_image(declaration, (*where, "image"), picture.image)
        if (picture.image is None) != (fixed is None):
            what = "is missing" if picture.image is None else f"is {show_value(picture.image)}"
            yield Problem(
                (*where, "image"),
                f"{what}; expected a reference image if, and only if, components.fixed names the "
                "component it decides",
            )
    yield from _check_different(path, "pictures", panel.pictures)


def _check_components(path: Path, components: AnyComponents) -> Iterator[Problem]:
    if isinstance(components, Scale):
        if not math.isclose(sum(components.weights), 1, abs_tol=1e-6):
            yield Problem(
                (*path, "weights"), f"sum to {sum(components.weights):g}; expected them to sum to 1"
            )
        return
    if isinstance(components, Motion):
        yield from _check_odd((*path, "length"), components.length)
    elif components.name != "grey_colour":
        yield from _check_odd((*path, "kernel_size"), components.kernel_size)
    if isinstance(components, Triple) and components.sigma_low <= components.sigma_mid:
        yield Problem(
            (*path, "sigma_low"),
            f"is {components.sigma_low:g}; expected more than sigma_mid, {components.sigma_mid:g}",
        )
