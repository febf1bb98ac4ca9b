"""Words that captions and descriptions of pictures share. Imports nothing heavy: plans use it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def join_words(words: Sequence[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)


def after_epochs(epochs: Iterable[int]) -> str:
    """ "after epoch 5", "after epochs 1, 5 and 10"."""
    words = [str(epoch) for epoch in epochs]
    return f"after {'epochs' if len(words) > 1 else 'epoch'} {join_words(words)}"
