"""What every panel has."""

from __future__ import annotations

from flows.declaration.fields import Name, Section, Title


class PanelBase(Section):
    """id: unique in the figure, `plot` by default. caption: replaces the one that is written from
    the parameters."""

    id: Name | None = None
    title: Title | None = None
    caption: Title | None = None
