"""A trajectory: one picture on its way from noise to clean, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from torch import Tensor

from tasks import BadInput
from tasks.diffusion.components import LinearMap, components_from_params
from tasks.diffusion.illusions import RULES
from tasks.diffusion.seeds import NoiseSource, SeededNoise
from tasks.diffusion.views import View, view_from_params


@dataclass(frozen=True, eq=False)
class Combination:
    """For prompt i the U-Net sees the picture through views[i]; its noise estimate, brought back
    from the view, passes through maps[i]; then all are summed, or made one by `rule`.

    views, maps: one a prompt, None standing for no change. The variance is always averaged.
    rule: one of tasks.diffusion.illusions.RULES, for what is not a sum.
    fixed: the component that is taken from a reference picture after every step, or None.
    guidance_interval: the lowest and the highest t at which there is guidance, and elsewhere the
        conditional estimate alone (Kynkäänniemi et al. 2024); None for guidance everywhere.
    """

    views: tuple[View | None, ...] = (None,)
    maps: tuple[LinearMap | None, ...] = (None,)
    is_sum: bool = False
    rule: str = "mean"
    fixed: LinearMap | None = None
    guidance_interval: tuple[int, int] | None = None

    @property
    def num_prompts(self) -> int:
        return len(self.views)

    def is_guided_at(self, t: int) -> bool:
        low, high = self.guidance_interval or (t, t)
        return low <= t <= high


def combination_from_params(params: Mapping[str, Any], size: int) -> Combination:
    """For pictures of size x size pixels, {"kind": "single"}; {"kind": "views", "views": [...]}, a
    prompt a view: an anagram, perhaps with a rule; or {"kind": "components", "name": ...}, a prompt
    a component: a hybrid, or with a fixed component an inverse problem. Each perhaps with
    guidance_interval [low, high]. Raises BadInput for anything else."""
    kind = params.get("kind")
    low_high = params.get("guidance_interval")
    interval = None if low_high is None else (int(low_high[0]), int(low_high[1]))
    if kind == "single":
        return Combination(guidance_interval=interval)
    if kind == "views" and params.get("views"):
        views = tuple(view_from_params(view, size) for view in params["views"])
        rule = params.get("rule", "mean")
        if rule not in RULES:
            raise BadInput(f"combination.rule is {rule!r}; expected one of {', '.join(RULES)}")
        # The mean is that of Geng et al. 2024, Visual Anagrams, eq. 3.
        return Combination(views, (None,) * len(views), rule=rule, guidance_interval=interval)
    if kind == "components":
        own = ("kind", "guidance_interval")
        rest = {key: value for key, value in params.items() if key not in own}
        parts = components_from_params(rest, size)
        maps = parts.prompted_maps
        # Geng et al. 2024, Factorized Diffusion, eq. 4
        return Combination(
            (None,) * len(maps),
            maps,
            is_sum=True,
            fixed=parts.fixed_map,
            guidance_interval=interval,
        )
    raise BadInput(
        f"combination: {dict(params)!r}; expected kind single, views with at least one view, or "
        "components"
    )


@dataclass(frozen=True, eq=False)
class Trajectory:
    """Everything that decides a picture, the U-Net and its schedule apart.

    name: what errors call it. seed: of all its noise.
    timesteps: descending, noisiest first; the clean picture follows the last.
    prompt_embeds: one [length, width] for each prompt of the combination.
    negative_embeds: the unconditional prompt, needed unless guidance_scale is 1; at scale 1 the
        conditional estimate stands alone and no unconditional one is computed.
    image: [3, size, size] in [-1, 1], to start from or to keep. i_start: start from image noised
        to timesteps[i_start]; None starts from noise at timesteps[0].
    noisy: [3, size, size], in place of image: x_t at timesteps[i_start], where the noise of the
        seed has taken it; it goes on as if it had come that way itself.
    mask: [1, size, size], 1 where new content is wanted; elsewhere the image is kept.
    reference: [3, size, size], the picture that decides the combination's fixed component.
    snapshots: timesteps t whose x_t is kept.
    condition, class_label: second stage only: the picture [3, size, size] that joins x_t as three
        more channels, and its noise level.
    noise: where it comes from; None for the seed's own.
    """

    name: str
    seed: int
    timesteps: tuple[int, ...]
    prompt_embeds: tuple[Tensor, ...]
    negative_embeds: Tensor | None = None
    guidance_scale: float = 1.0
    combination: Combination = field(default_factory=Combination)
    image: Tensor | None = None
    i_start: int | None = None
    noisy: Tensor | None = None
    mask: Tensor | None = None
    reference: Tensor | None = None
    snapshots: tuple[int, ...] = ()
    condition: Tensor | None = None
    class_label: int | None = None
    noise: NoiseSource | None = None

    def __post_init__(self) -> None:
        self._check_timesteps()
        self._check_prompts()
        if self.noisy is not None:
            beside = (self.image, self.mask, self.reference)
            if self.i_start is None or any(each is not None for each in beside):
                raise self._bad("goes on from x_t: it needs an i_start, and no image or mask")
        elif self.image is None and (self.i_start is not None or self.mask is not None):
            raise self._bad("has a mask or an i_start but no image")
        if (self.reference is None) != (self.combination.fixed is None):
            raise self._bad("needs a reference picture for, and only for, a fixed component")
        if (self.condition is None) != (self.class_label is None):
            raise self._bad("needs both condition and class_label, or neither")

    @cached_property
    def visited_timesteps(self) -> tuple[int, ...]:
        """The timesteps at which the U-Net is asked."""
        return self.timesteps[self.i_start or 0 :]

    def noise_source(self) -> NoiseSource:
        """The trajectory's noise from its beginning."""
        return self.noise if self.noise is not None else SeededNoise(self.seed)

    def _check_timesteps(self) -> None:
        if not self.timesteps or any(
            a <= b for a, b in zip(self.timesteps, self.timesteps[1:], strict=False)
        ):
            raise self._bad(f"has timesteps {list(self.timesteps)}; expected them to descend")
        if self.i_start is not None and not 0 <= self.i_start < len(self.timesteps):
            raise self._bad(f"has i_start {self.i_start}; expected 0 to {len(self.timesteps) - 1}")
        strays = sorted(set(self.snapshots) - set(self.visited_timesteps))
        if strays:
            raise self._bad(
                f"has a snapshot at t = {strays[0]}, which it does not visit; it visits "
                f"{', '.join(map(str, self.visited_timesteps))}"
            )

    def _check_prompts(self) -> None:
        if len(self.prompt_embeds) != self.combination.num_prompts:
            raise self._bad(
                f"has {len(self.prompt_embeds)} prompts; its combination takes "
                f"{self.combination.num_prompts}"
            )
        if self.guidance_scale != 1 and self.negative_embeds is None:
            raise self._bad(
                f"has guidance_scale {self.guidance_scale:g} but no unconditional prompt"
            )

    def _bad(self, what: str) -> BadInput:
        return BadInput(f"{self.name} {what}.")


@dataclass(frozen=True, eq=False)
class Result:
    """image: [3, size, size] float32 in [-1, 1] on the CPU. snapshots: x_t itself by t, unclipped.

    unet_rows: rows the U-Net computed for this trajectory; forwards: batches they came in.
    """

    image: Tensor
    snapshots: dict[int, Tensor]
    unet_rows: int
    forwards: int
