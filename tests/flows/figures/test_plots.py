"""The plots are found where they lie, each once; a panel is of one of them."""

from __future__ import annotations

from typing import get_args

import pytest

from flows.declaration.figures import Figure, panel_kinds
from flows.figures.panel import Panel


def test_every_plot_is_found_once_by_its_name() -> None:
    names = [get_args(kind.model_fields["plot"].annotation) for kind in panel_kinds()]
    assert names == sorted(set(names))
    assert all(issubclass(kind, Panel) and kind.heading for kind in panel_kinds())


@pytest.mark.parametrize("plot", ["", None, 5, ["hybrid"], {"hybrid": 1}])
def test_what_is_no_plot_is_read_by_none(plot: object) -> None:
    (annotation,) = get_args(Figure.model_fields["panels"].annotation)
    assert get_args(annotation)[0].reader_of({"plot": plot}) is None
