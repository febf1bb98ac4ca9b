"""What all text-to-image figures share unless their panels say otherwise."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from flows.declaration.fields import GuidanceScale, Section

LAST_TIMESTEP = 999
"""The noisiest timestep of the models, which are trained with 1000."""

# The tokenizer cuts a prompt after 77 tokens; a longer one may still be wanted whole in captions.
Prompt = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
Timestep = Annotated[int, Field(ge=0, le=LAST_TIMESTEP)]
InferenceSteps = Annotated[int, Field(ge=1, le=LAST_TIMESTEP + 1)]


class StageTwo(Section):
    """How the second stage enlarges. num_inference_steps: null for as many as the first stage took.
    noise_level: of the enlarged picture that it starts from; illusion_noise_level: where several
    prompts share a picture, of which little may be drawn anew."""

    num_inference_steps: InferenceSteps | None = None
    noise_level: Timestep = 250
    illusion_noise_level: Timestep = 50
    guidance_scale: GuidanceScale = 4.0

    def noise_level_of(self, *, is_illusion: bool) -> int:
        return self.illusion_noise_level if is_illusion else self.noise_level


class TextToImage(Section):
    """first_timestep, stride: t = first, first - stride, ... down to 0. guidance_scale: of
    panels that guide. prompt: of panels that have none of their own."""

    first_timestep: Timestep = 990
    stride: Annotated[int, Field(ge=1, le=LAST_TIMESTEP)] = 30
    guidance_scale: GuidanceScale = 7.0
    prompt: Prompt = "a high quality photo"
    stage_two: StageTwo = StageTwo()

    @property
    def timesteps(self) -> list[int]:
        """Descending, noisiest first."""
        return list(range(self.first_timestep, -1, -self.stride))
