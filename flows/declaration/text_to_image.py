"""The text-to-image model, and what all its figures share unless their panels say otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from flows.declaration.fields import GuidanceScale, Name, Section, Title
from flows.declaration.problems import Path, Problem, check_name

LAST_TIMESTEP = 999
"""The noisiest timestep of the models, which are trained with 1000."""

# The model reads 77 tokens; what it cuts off is told (tasks.text_to_image.cut_prompt).
Prompt = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
Timestep = Annotated[int, Field(ge=0, le=LAST_TIMESTEP)]
Interval = Annotated[list[Timestep], Field(min_length=2, max_length=2)]
Address = Annotated[str, StringConstraints(min_length=1, max_length=4096)]
Revision = Annotated[str, StringConstraints(min_length=1, max_length=200)]
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


Rule = Literal["mean", "rescaled", "alternating", "by_visibility"]
"""How the noise estimates of an anagram's prompts become one; the mean is that of the write-ups."""


class Backend(Section):
    """A model in DeepFloyd's layout: folders of this machine, or repositories of the hub.

    stage_one, stage_two: a folder, relative to that of pipelines.yaml or absolute, or owner/name
    of a repository of the hub, with @revision behind it where it is not `revision`. The encoder is
    that of stage_one; figures that enlarge nothing need no stage_two. variant: "fp16" for the
    weights in *.fp16.safetensors. number_format: of the weights in memory; auto is float16 for an
    fp16 variant on a GPU, else that of the run. prompt_embeds: a file of embeddings, such as a
    course's prompt_embeds_dict.pth, that takes the encoder's place. anagram_rule: of anagrams that
    name none. guidance_interval: the lowest and the highest t with guidance, in trajectories whose
    figure names none; elsewhere the conditional estimate stands alone (Kynkäänniemi et al. 2024,
    Applying guidance in a limited interval). null for guidance at every t.
    """

    title: Title
    stage_one: Address
    stage_two: Address | None = None
    variant: Name | None = None
    revision: Revision = "main"
    number_format: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    prompt_embeds: Address | None = None
    anagram_rule: Rule = "mean"
    guidance_interval: Interval | None = None


def check_interval(path: Path, interval: Sequence[int] | None) -> Iterator[Problem]:
    low, high = interval or (0, 0)
    if low > high:
        yield Problem(path, f"is [{low}, {high}]; expected the lowest t, then the highest")


def check_backend(backend: str | None, backends: Mapping[str, Backend]) -> Iterator[Problem]:
    """Where there are backends, one is in use, and it is declared; their intervals go upwards."""
    for name, each in backends.items():
        yield from check_interval(("backends", name, "guidance_interval"), each.guidance_interval)
    names = list(backends)
    if backend is not None:
        yield from check_name(("backend",), backend, names, "backend")
    elif names:
        yield Problem(("backend",), f"is missing; expected one of: {', '.join(names)}")
