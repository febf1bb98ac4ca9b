"""Samples: by checkpoint from the same noise, and of two models from the same noise."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tasks.figures.drawing import Drawing
from tasks.figures.grid import Block, Images, choose_scale, draw_blocks
from tasks.figures.origin import Origin
from tasks.figures.plots.inputs import (
    epoch_label,
    epoch_roles,
    labels,
    numbered_roles,
)
from tasks.figures.words import after_epochs, join_words

if TYPE_CHECKING:
    from tasks.running.step import Step


def sample_object(step: Step) -> str:
    """Name of the object in which a sample node keeps the grid this panel asked for."""
    params = step.params
    return f"seed-{params['seed']}-{params['rows']}x{params['columns']}.safetensors"


def class_labels(step: Step) -> list[str]:
    """Digits 0 to 9 over the columns of a class-conditioned model, else nothing."""
    if not step.params.get("label_classes"):
        return []
    return [str(digit) for digit in range(int(step.params["columns"]))]


def class_origins(step: Step) -> list[Origin]:
    """The class of each column of a class-conditioned model, else nothing."""
    return [Origin(params={"class": int(label)}) for label in class_labels(step)]


def sampled_block(step: Step, role: str, title: str) -> Block:
    """The samples of an input under a title; every grid draws from the seed of its figure."""
    return Block(
        read_samples(step, role),
        title,
        column_labels=class_labels(step),
        origin=Origin(role, {"seed": step.params["seed"]}),
        column_origins=class_origins(step),
    )


def read_samples(step: Step, role: str) -> Images:
    """Samples as [rows, columns, height, width] u8."""
    images = step.read_arrays(role, sample_object(step))["images"]
    return images.reshape(int(step.params["rows"]), int(step.params["columns"]), *images.shape[1:])


def draw_samples(step: Step) -> Drawing:
    """One block for each checkpoint, all from the same noise."""
    roles = epoch_roles(step)
    blocks = [sampled_block(step, role, epoch_label(epoch)) for epoch, role in roles.items()]
    alt = (
        f"{step.params['rows']} rows of {step.params['columns']} sampled digits "
        f"{after_epochs(roles)}, from the same noise"
        f"{'; each column is one class, 0 to 9' if class_labels(step) else ''}."
    )
    return Drawing.of_sheet(draw_blocks(blocks, choose_scale(int(step.params["columns"]))), alt)


def draw_comparison(step: Step) -> Drawing:
    """Two models side by side; images at the same place began as the same noise."""
    roles = numbered_roles(step, "model")
    titles = labels(step, len(roles))
    blocks = [sampled_block(step, role, title) for role, title in zip(roles, titles, strict=True)]
    alt = f"Sampled digits from the same noise, side by side: {join_words(titles)}."
    return Drawing.of_sheet(draw_blocks(blocks, scale=2, is_across=True), alt)
