"""Panels of text-to-image figures: a few lines each, from which trajectories and grids are made."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from flows.declaration.fields import GuidanceScale, Name, Section, Seed
from flows.declaration.panel_base import PanelBase
from flows.declaration.pictures import Components, KernelSize, Mask, PassSigma, View
from flows.declaration.text_to_image import InferenceSteps, Prompt, Timestep

MAX_ENTRIES = 20

Prompts = Annotated[list[Prompt], Field(min_length=1, max_length=MAX_ENTRIES)]
PromptPair = Annotated[list[Prompt], Field(min_length=2, max_length=2)]
Images = Annotated[list[Name], Field(min_length=1, max_length=MAX_ENTRIES)]
Seeds = Annotated[list[Seed], Field(min_length=1, max_length=MAX_ENTRIES)]
Timesteps = Annotated[list[Timestep], Field(min_length=1, max_length=MAX_ENTRIES)]
IStart = Annotated[int, Field(ge=0, le=999)]
IStarts = Annotated[list[IStart], Field(min_length=1, max_length=MAX_ENTRIES)]
Count = Annotated[int, Field(ge=1, le=MAX_ENTRIES)]
Tries = Annotated[int, Field(ge=1, le=50)]
Pixels = Annotated[int, Field(ge=8, le=512)]


class StepCounts(PanelBase):
    """Pictures by number of inference steps: a row a prompt, a column a count."""

    plot: Literal["step_counts"]
    prompts: Prompts
    steps: Annotated[list[InferenceSteps], Field(min_length=1, max_length=MAX_ENTRIES)]
    guidance_scale: GuidanceScale | None = None
    stage_two: bool = False


class PromptRow(PanelBase):
    """One picture a prompt, side by side."""

    plot: Literal["prompts"]
    prompts: Prompts
    steps: InferenceSteps
    guidance_scale: GuidanceScale | None = None
    stage_two: bool = False


class Forward(PanelBase):
    """An image under growing noise."""

    plot: Literal["forward"]
    image: Name
    timesteps: Timesteps
    show_clean: bool = True


class Blur(PanelBase):
    """The noisy images, Gaussian blur of them, and the best that any blur does. sigma: null for
    the one torchvision takes for the kernel."""

    plot: Literal["blur"]
    image: Name
    timesteps: Timesteps
    kernel: KernelSize
    sigma: PassSigma | None = None


class OneStep(PanelBase):
    """The noisy images, and the clean one as the network sees it in a single step."""

    plot: Literal["one_step"]
    image: Name
    timesteps: Timesteps
    prompt: Prompt | None = None
    guidance_scale: GuidanceScale = 1.0


class Iterative(PanelBase):
    """Snapshots x_t on the way from the image noised to timesteps[i_start]."""

    plot: Literal["iterative"]
    image: Name
    i_start: IStart
    snapshots: Timesteps
    prompt: Prompt | None = None
    guidance_scale: GuidanceScale = 1.0


class Methods(PanelBase):
    """Original, iterative, one-step and blur from the same noise level, side by side."""

    plot: Literal["methods"]
    image: Name
    i_start: IStart
    kernel: KernelSize
    sigma: PassSigma | None = None
    prompt: Prompt | None = None
    guidance_scale: GuidanceScale = 1.0


class PromptSamples(PanelBase):
    """Samples of one prompt from noise. seeds: default, `count` from the figure's on."""

    plot: Literal["prompt_samples"]
    prompt: Prompt | None = None
    count: Count = 5
    seeds: Seeds | None = None
    guidance_scale: GuidanceScale | None = None
    stage_two: bool = False


class Sdedit(PanelBase):
    """Images noised to each i_start and denoised: a row an image."""

    plot: Literal["sdedit"]
    images: Images
    i_starts: IStarts
    prompt: Prompt | None = None
    guidance_scale: GuidanceScale | None = None


class Edit(Section):
    """mask: where the image is edited; everywhere if null. seed: default, the figure's."""

    image: Name
    prompt: Prompt
    mask: Mask | None = None
    seed: Seed | None = None


class TextEdit(PanelBase):
    """SDEdit towards a prompt, perhaps inside a mask: a row an edit."""

    plot: Literal["text_edit"]
    edits: Annotated[list[Edit], Field(min_length=1, max_length=MAX_ENTRIES)]
    i_starts: IStarts
    guidance_scale: GuidanceScale | None = None
    stage_two: bool = False


class Hole(Section):
    """An image and the part of it that is painted anew. prompt, seed: default, the panel's."""

    image: Name
    mask: Mask
    prompt: Prompt | None = None
    seed: Seed | None = None


class Inpainting(PanelBase):
    """Image, mask, hole and result: a row an image. tries: seeds from its own on; the best by the
    seam is shown, and all of them below."""

    plot: Literal["inpainting"]
    holes: Annotated[list[Hole], Field(min_length=1, max_length=MAX_ENTRIES)]
    prompt: Prompt | None = None
    tries: Tries = 1
    guidance_scale: GuidanceScale | None = None


class AnagramPair(Section):
    """prompts: upright, and under the view. seeds: one for each version; default, the figure's."""

    prompts: PromptPair
    seeds: Seeds | None = None


class Anagram(PanelBase):
    """Pictures that show one prompt upright and the other under the view, both ways, and one
    animation each. versions: of pairs without seeds. tries: the best by alignment is shown."""

    plot: Literal["anagram"]
    pairs: Annotated[list[AnagramPair], Field(min_length=1, max_length=MAX_ENTRIES)]
    view: View
    versions: Count = 1
    tries: Tries = 1
    guidance_scale: GuidanceScale | None = None
    stage_two: bool = False


class HybridPair(Section):
    """far: low pass, seen from afar. near: high pass. seeds: one for each version."""

    far: Prompt
    near: Prompt
    seeds: Seeds | None = None


class Hybrid(PanelBase):
    """Pictures that change with distance, drawn large and small, and one animation each."""

    plot: Literal["hybrid"]
    pairs: Annotated[list[HybridPair], Field(min_length=1, max_length=MAX_ENTRIES)]
    kernel: KernelSize = 33
    sigma: PassSigma = 2.0
    near_pixels: Pixels = 180
    far_pixels: Pixels = 60
    versions: Count = 1
    tries: Tries = 1
    guidance_scale: GuidanceScale | None = None
    stage_two: bool = False


class Composition(Section):
    """prompts: one for each component. image: the reference of a fixed component. seed: default,
    the figure's."""

    prompts: Prompts
    image: Name | None = None
    seed: Seed | None = None


class Factorized(PanelBase):
    """Pictures whose components are decided by a prompt each, or by a reference image."""

    plot: Literal["factorized"]
    components: Components
    pictures: Annotated[list[Composition], Field(min_length=1, max_length=MAX_ENTRIES)]
    guidance_scale: GuidanceScale | None = None
    stage_two: bool = False


TrajectoryPanel = (
    StepCounts
    | PromptRow
    | Forward
    | Blur
    | OneStep
    | Iterative
    | Methods
    | PromptSamples
    | Sdedit
    | TextEdit
    | Inpainting
    | Anagram
    | Hybrid
    | Factorized
)


def count_versions(panel: Anagram | Hybrid, pair: AnagramPair | HybridPair) -> int:
    """How many pictures of a pair are shown."""
    return panel.versions if pair.seeds is None else len(pair.seeds)
