"""What figures want of each checkpoint, gathered so that each checkpoint is loaded and run once.

Gathered over every figure of the declaration, not only those of one pipeline: so the gallery and
each write-up share their nodes.
"""

from __future__ import annotations

from collections.abc import Iterable

from tasks.store.node import JSON


class Requests:
    """Filled by the panels of figures, read by what makes the nodes that fulfil them."""

    def __init__(self) -> None:
        self._grids: dict[str, dict[tuple[int, int, int], int]] = {}
        self._digits: dict[str, dict[int, int]] = {}
        self._sigmas: dict[str, set[float]] = {}

    def want_grid(self, node: str, seed: int, rows: int, columns: int, frames: int = 0) -> None:
        """rows x columns samples of a node, drawn from seed, and frames of how they come about."""
        wanted = self._grids.setdefault(node, {})
        grid = (seed, rows, columns)
        wanted[grid] = max(frames, wanted.get(grid, 0))

    def want_digits(self, node: str, seed: int, digits: int) -> None:
        """So many test digits, denoised by a node, with noise from seed."""
        wanted = self._digits.setdefault(node, {})
        wanted[seed] = max(digits, wanted.get(seed, 0))

    def want_sigmas(self, model: str, sigmas: Iterable[float]) -> None:
        """Noise levels at which a model is shown."""
        self._sigmas.setdefault(model, set()).update(sigmas)

    def grids_of(self, node: str) -> list[dict[str, JSON]]:
        """Sorted, one entry an object: the frames are the most that any figure wants."""
        return [
            {"seed": seed, "rows": rows, "columns": columns, "frames": frames}
            for (seed, rows, columns), frames in sorted(self._grids.get(node, {}).items())
        ]

    def digits_of(self, node: str) -> list[dict[str, JSON]]:
        """Sorted, one entry an object: the digits are the most that any figure wants."""
        return [
            {"seed": seed, "digits": digits}
            for seed, digits in sorted(self._digits.get(node, {}).items())
        ]

    def sigmas_of(self, model: str) -> set[float]:
        return set(self._sigmas.get(model, ()))
