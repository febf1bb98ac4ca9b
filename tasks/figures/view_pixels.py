"""A declared view as the plain arrays that figures draw with."""

from __future__ import annotations

from collections.abc import Mapping

from tasks.figures.turning import PixelView
from tasks.store.node import JSON


def pixel_view(view: Mapping[str, JSON], size: int) -> PixelView:
    """Where each pixel of a picture `size` wide goes in the view {"name": ..., parameters}.

    Raises BadInput for a view or a size that there is not.
    """
    # torch is imported with the views, and only the few figures that turn pictures need them.
    from tasks.diffusion.views import view_from_params

    seen = view_from_params(view, size)
    source = seen.permutation.numpy().reshape(size, size)
    return PixelView(source, is_negative=seen.sign < 0)
