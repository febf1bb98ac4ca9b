"""The parts of DeepFloyd IF as diffusers reads them from a folder: the T5 encoder, the U-Nets of
stage I and II with the settings of their noise schedules. Weights are safetensors; nothing is run.

The safety checker and the watermarker are never loaded. The checker replaces a picture it dislikes
with a black one, so that a figure about the method shows neither the picture nor why it is gone;
it takes 1.2 GB, and the class in diffusers 0.42 cannot be read by transformers 5 at all. The
watermarker prints a logo into what stage II makes, which turned upside down, or far away, is part
of no illusion. Who shows pictures of DeepFloyd to others has its licence to keep to all the same.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tasks import BadInput
from tasks.text_to_image.find_part import FoundPart, obtain_part
from tasks.text_to_image.hub import Report
from tasks.text_to_image.load import load_part, put, told
from tasks.text_to_image.memory import Placement
from tasks.text_to_image.model_part import ModelPart, or_pocket
from tasks.text_to_image.prompt_embeds import MAX_TOKENS
from tasks.text_to_image.published_layout import (
    NOISING_SCHEDULER,
    check_configs,
    read_scheduler_config,
)
from tasks.text_to_image.quiet import quiet_libraries

if TYPE_CHECKING:
    from torch import Tensor

    from tasks.diffusion.trajectories.diffusion_schedule import DiffusionSchedule

LEFT_OUT = ("safety_checker", "feature_extractor", "watermarker")


@dataclass(frozen=True)
class TextEncoder:
    """Prompts to embeddings. commit: of the hub, None for a folder."""

    tokenizer: Any
    model: Any
    device: str
    commit: str | None

    def encode(self, prompts: Sequence[str]) -> Tensor:
        """Embeddings of `prompts`, [prompt, 77, d] float32 on the CPU; "" is the unconditional one.

        Those of IFPipeline.encode_prompt with clean_caption=False. One prompt at a time, so that
        none depends on its neighbours by so much as a rounding.
        """
        import torch

        encoded = []
        for prompt in prompts:
            tokens = self._tokens(prompt, padding="max_length", truncation=True)
            with torch.no_grad():
                hidden = self.model(
                    tokens.input_ids.to(self.device),
                    attention_mask=tokens.attention_mask.to(self.device),
                )[0]
            encoded.append(hidden.float().cpu())
        return torch.cat(encoded)

    def cut_off(self, prompt: str) -> str:
        """The end of the prompt that does not fit into 77 tokens; empty if it fits."""
        tokens = self._tokens(prompt, padding=False, truncation=False).input_ids[0]
        # The last place is that of the end of text.
        beyond = tokens[MAX_TOKENS - 1 : -1] if len(tokens) > MAX_TOKENS else tokens[:0]
        return str(self.tokenizer.decode(beyond))

    def _tokens(self, prompt: str, **options: Any) -> Any:
        return self.tokenizer(
            [prompt.lower().strip()],
            max_length=MAX_TOKENS if options.get("truncation") else None,
            add_special_tokens=True,
            return_tensors="pt",
            # It would warn of a prompt that is too long, where the length is what is asked for.
            verbose=False,
            **options,
        )


@dataclass(frozen=True)
class LoadedStage:
    """A stage ready to sample.

    scheduler: settings of its schedule as published. noising_scheduler: of the schedule by which
    stage II noises the image it enlarges, None in stage I. sample_size: pixels of its images.
    embedding_width: d of the prompt embeddings it takes. commit: of the hub, None for a folder.
    """

    model: Any
    scheduler: dict[str, Any]
    noising_scheduler: dict[str, Any] | None
    sample_size: int
    embedding_width: int
    device: str
    commit: str | None

    def unet(
        self, x: Tensor, t: Tensor, prompt_embeds: Tensor, class_labels: Tensor | None = None
    ) -> Tensor:
        """Noise and variance, [batch, 6, size, size] float32 on the stage's device; noise also
        where the model predicts velocity.

        x: [batch, 3, size, size], in stage II [batch, 6, size, size] with the upscaled image in the
        last three. t: [batch], a timestep a row. prompt_embeds: [batch, 77, d]. class_labels:
        [batch], the level at which stage II's image was noised, and None in stage I. Any device and
        format will do.
        """
        import torch

        dtype = self.model.dtype
        with torch.no_grad():
            (predicted,) = self.model(
                x.to(self.device, dtype, memory_format=torch.channels_last),
                t.to(self.device),
                encoder_hidden_states=prompt_embeds.to(self.device, dtype),
                class_labels=None if class_labels is None else class_labels.to(self.device),
                return_dict=False,
            )
        return self.schedule.as_noise(predicted.float(), x[:, :3], t)

    @functools.cached_property
    def schedule(self) -> DiffusionSchedule:
        """Raises BadInput for one that cannot be sampled here."""
        from tasks.diffusion.trajectories.diffusion_schedule import DiffusionSchedule

        return DiffusionSchedule.from_config(self.scheduler)


def _read_text_encoder(
    part: ModelPart, found: FoundPart, device: str, placement: Placement
) -> TextEncoder:
    pipeline = _load_pipeline("IFPipeline", part, found.folder, without=("unet", "scheduler"))
    _check_complete(part, pipeline.text_encoder, found)
    return TextEncoder(
        tokenizer=pipeline.tokenizer,
        model=put(pipeline.text_encoder, device, placement),
        device=device,
        commit=found.commit,
    )


def _read_stage(
    part: ModelPart, found: FoundPart, device: str, placement: Placement
) -> LoadedStage:
    import torch

    from tasks.diffusion.networks.activation import use_fast_gelu

    is_second = part.component == "stage_two"
    name: _Pipeline = "IFSuperResolutionPipeline" if is_second else "IFPipeline"
    pipeline = _load_pipeline(name, part, found.folder, without=("text_encoder", "tokenizer"))
    _check_complete(part, pipeline.unet, found)
    # Convolutions read channels side by side: 1.25 times as many rows a second in float32 on a CPU.
    unet = use_fast_gelu(pipeline.unet.to(memory_format=torch.channels_last))
    model = put(unet, device, placement)
    noising = read_scheduler_config(found.folder, NOISING_SCHEDULER) if is_second else None
    return LoadedStage(
        model=model,
        scheduler=read_scheduler_config(found.folder),
        noising_scheduler=noising,
        sample_size=int(model.config.sample_size),
        embedding_width=int(model.config.encoder_hid_dim or model.config.cross_attention_dim),
        device=device,
        commit=found.commit,
    )


load_text_encoder = functools.partial(load_part, _read_text_encoder)
"""The text encoder that a part names, as load.load_part has it."""

load_stage = functools.partial(load_part, _read_stage)
"""The stage that a part names, likewise."""


def load_scheduler(
    part: ModelPart,
    project_root: Path,
    device: str = "cpu",
    *,
    report: Report = lambda done, total, message: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> dict[str, Any]:
    """Settings of the noise schedule alone, for steps that need no network and so no device.
    Raises BadInput."""
    found = obtain_part(part, project_root, report, should_stop)
    check_configs(part, found.folder)
    return read_scheduler_config(found.folder)


_Pipeline = Literal["IFPipeline", "IFSuperResolutionPipeline"]


def _load_pipeline(name: _Pipeline, part: ModelPart, folder: Path, without: tuple[str, ...]) -> Any:
    """That pipeline of diffusers with the components of `folder`, but for those `without`."""
    # The libraries set their own loggers up as they are imported: to be quiet from then on, they
    # are imported first, transformers before diffusers, whose import of it is not silent.
    import transformers

    del transformers
    with quiet_libraries():
        import diffusers.pipelines.deepfloyd_if as pipelines  # what it imports warns
    import torch

    with told(part), quiet_libraries():
        return getattr(pipelines, name).from_pretrained(
            folder,
            **dict.fromkeys((*LEFT_OUT, *without)),
            requires_safety_checker=False,
            variant=part.variant,
            # Not `.to(float16)` afterwards: from_pretrained knows which of T5's layers overflow.
            torch_dtype=getattr(torch, part.number_format),
            use_safetensors=True,
            trust_remote_code=False,
            local_files_only=True,
        )


def _check_complete(part: ModelPart, model: Any, found: FoundPart) -> None:
    """Raise BadInput if some weights are not in the files: the libraries would draw them at random.

    Files that name their weights in an older way have as many that nothing takes, and pass.
    """
    from safetensors import safe_open

    in_files: set[str] = set()
    for name in found.files.weights:
        with safe_open(found.folder / name, framework="pt") as file:
            in_files.update(file.keys())
    weights = dict(model.named_parameters(remove_duplicate=False))
    here = {id(weights[name]) for name in in_files & weights.keys()}
    missing = sorted(name for name, weight in weights.items() if id(weight) not in here)
    if len(missing) > len(in_files - weights.keys()):
        raise BadInput(
            f"{part.title}: {len(missing)} weights are not in its files, {missing[0]} among them; "
            f"fetch or save the model again{or_pocket(part)}"
        )
