"""A network that knows the answer."""

from __future__ import annotations

from torch import nn


class Answer(nn.Module):
    """Calls a function in place of a network and remembers what it was given."""

    def __init__(self, function):
        super().__init__()
        self.function = function
        self.seen = []

    def forward(self, *inputs):
        self.seen.append(inputs)
        return self.function(*inputs)
