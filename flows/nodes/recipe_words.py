"""What a caption says of training besides batches, epochs and rates."""

from __future__ import annotations

from flows.declaration.models import DenoisingModel, GenerativeModel


def treatment_words(model: DenoisingModel | GenerativeModel) -> str:
    """What is done to its images and weights, to follow a list; empty if nothing."""
    text = ""
    if model.horizontal_flip:
        text += ", images mirrored at random"
    if model.max_shift:
        text += f", images shifted by up to {model.max_shift} px"
    if model.ema_decay is not None:
        text += f"; weights averaged at {model.ema_decay:g}"
    return text
