"""One trajectory as a figure wants it, how much of the network it needs, and names of prompts."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from flows.declaration.text_to_image import LAST_TIMESTEP, TextToImage
from tasks.store.node import JSON, canonical_json

MAX_LENGTH = 40
"""Of a prompt in the name of a node."""
SINGLE: dict[str, JSON] = {"kind": "single"}
IDENTITY: dict[str, JSON] = {"name": "identity"}
NUM_TIMESTEPS = LAST_TIMESTEP + 1


@dataclass(frozen=True)
class Sampling:
    """prompts: one a view or component of `combination`. guidance_scale: 1 is the conditional
    estimate alone. steps: num_inference_steps, or None for the strided timesteps.
    image: to start from at i_start, or with a mask to keep outside it. reference: the image that
    decides a fixed component. mask, combination: as the step's parameters have them.
    until: the place of the timestep at which it ends, in the estimate of x_0. goes_on: a choice
    that kept some of such tries, and the rank of the one that goes on from i_start.
    """

    prompts: Sequence[str]
    seed: int
    guidance_scale: float
    steps: int | None = None
    image: str | None = None
    i_start: int | None = None
    mask: JSON = None
    combination: JSON = field(default_factory=lambda: SINGLE)
    reference: str | None = None
    snapshots: Sequence[int] = ()
    until: int | None = None
    goes_on: tuple[str, int] | None = None

    @property
    def is_guided(self) -> bool:
        return self.guidance_scale != 1

    @property
    def is_illusion(self) -> bool:
        """Whether it combines views or components: an anagram, a hybrid, a factorized picture."""
        return self.combination["kind"] != "single"

    @property
    def start(self) -> dict[str, JSON]:
        if self.i_start is None:
            return {"kind": "noise"}
        if self.goes_on is not None:
            return {"kind": "kept", "i_start": self.i_start, "rank": self.goes_on[1]}
        return {"kind": "image", "i_start": self.i_start}

    def timesteps(self, settings: TextToImage) -> dict[str, JSON]:
        if self.steps is not None:
            return {"kind": "steps", "num_inference_steps": self.steps}
        strided = {
            "kind": "strided",
            "first": settings.first_timestep,
            "stride": settings.stride,
        }
        return strided if self.until is None else {**strided, "until": self.until}

    def count_steps(self, settings: TextToImage) -> int:
        """How often the picture goes from one timestep to the next."""
        return len(self._visited(settings))

    def _visited(self, settings: TextToImage) -> list[int]:
        """Timesteps; of num_inference_steps those that the models here space them to."""
        if self.steps is not None:
            return [step * (NUM_TIMESTEPS // self.steps) for step in range(self.steps)]
        return settings.timesteps[
            self.i_start or 0 : None if self.until is None else self.until + 1
        ]

    def count_all_rows(self, settings: TextToImage, interval: Sequence[int] | None) -> int:
        """Rows of the U-Net on the whole way, guided at the timesteps of the interval alone, or
        everywhere."""
        visited = self._visited(settings)
        low, high = interval or (min(visited), max(visited))
        guided = sum(low <= t <= high for t in visited)
        return self.count_rows(guided, self.guidance_scale) + self.count_rows(
            len(visited) - guided, 1.0
        )

    def count_rows(self, steps: int, guidance_scale: float) -> int:
        """Rows of the U-Net in so many steps: each prompt in its view, and for guidance the empty
        prompt once in each view."""
        views = [IDENTITY] * len(self.prompts)
        if self.combination["kind"] == "views":
            views = self.combination["views"]
        seen = [canonical_json(view) for view in views]
        rows = set(zip(seen, self.prompts, strict=True))
        if guidance_scale != 1:
            rows |= {(view, "") for view in seen}
        return steps * len(rows)


def views_of(view: Any, rule: str = "mean") -> dict[str, JSON]:
    """The combination of an anagram: upright, and as `view` shows it. rule: how both estimates
    become one."""
    combination = {"kind": "views", "views": [IDENTITY, view]}
    # The write-ups' own stays unnamed, as pictures made before there were others have it.
    return combination if rule == "mean" else {**combination, "rule": rule}


def slug(text: str, max_length: int = MAX_LENGTH) -> str:
    """`text` short, readable, and safe in paths and addresses: lower-case letters, digits and
    hyphens, cut between words; "x" for text that has none."""
    words = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    if len(words) > max_length:
        words = words[: max_length + 1].rpartition("-")[0] or words[:max_length]
    return words or "x"


def prompt_name(prompt: str) -> str:
    """Name of the node that encodes `prompt`; the digest tells prompts of one slug apart."""
    if prompt == "":
        return "prompt/empty"
    digest = hashlib.sha256(prompt.encode()).hexdigest()[:8]
    return f"prompt/{slug(prompt)}-{digest}"
