"""A picture as it is seen for each of its prompts: turned, or from so far that a part is left."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from tasks.diffusion.components import components_from_params
from tasks.diffusion.views import view_from_params
from tasks.store.node import JSON


def seen_by_prompts(combination: Mapping[str, JSON], picture: Tensor) -> Tensor:
    """The picture [3, S, S] as it is seen for each prompt of the combination, [prompts, 3, S, S].

    Views: in that view. Components: with those up to the prompt's own, the picture at the distance,
    say, from which the low pass is all that is left; the last prompt's is the picture itself.
    """
    size = picture.shape[-1]
    if combination["kind"] == "views":
        views = [view_from_params(view, size) for view in combination["views"]]
        return torch.stack([view.apply(picture) for view in views])
    if combination["kind"] == "single":
        return picture[None]
    params = {name: value for name, value in combination.items() if name != "kind"}
    decomposition = components_from_params(params, size)
    if combination["name"] == "scale":
        # Every prompt has the whole picture, and a share of its strength.
        return picture.expand(len(decomposition.parts), -1, -1, -1)
    seen, sum_so_far = [], torch.zeros_like(picture)[None]
    for name, part in decomposition.parts.items():
        sum_so_far = sum_so_far + part(picture[None])
        if name != decomposition.fixed:
            seen.append(sum_so_far[0])
    return torch.stack(seen)
