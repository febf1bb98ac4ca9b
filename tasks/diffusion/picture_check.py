"""Is a sampled picture one at all."""

from __future__ import annotations

from torch import Tensor

from tasks import StepFailed
from tasks.diffusion.picture_metrics import LEVELS_PER_UNIT


def non_finite_failure(name: str, t: int) -> StepFailed:
    return StepFailed(
        f"{name}: the picture has non-finite pixels after the step from t = {t}; sample in float32 "
        "(--number-format float32), or in bfloat16 where float16 overflows"
    )


def flat_failure(name: str, picture: Tensor) -> StepFailed | None:
    """The failure of a clean picture [3, S, S] in one flat colour, None if it shows something."""
    span = picture.clamp(-1, 1).flatten(1)
    if float((span.amax(dim=1) - span.amin(dim=1)).max()) >= 1 / LEVELS_PER_UNIT:
        return None
    return StepFailed(
        f"{name}: the picture is one flat colour; the prompt embeddings or the weights may be "
        "corrupt (a T5 encoder cast to float16 gives this), or guidance_scale is far too high"
    )
