"""The U-Net of stage I or stage II with the settings of its noise schedule."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasks.text_to_image.check_configs import (
    check_configs,
    read_noising_config,
    read_scheduler_config,
)
from tasks.text_to_image.find_part import obtain_part
from tasks.text_to_image.hub import Report
from tasks.text_to_image.loaded_part import hold
from tasks.text_to_image.model_part import ModelPart
from tasks.text_to_image.pipelines import check_complete, load_pipeline
from tasks.text_to_image.place_model import obtain_placed, put
from tasks.text_to_image.sizes import weight_bytes

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class LoadedStage:
    """A stage ready to sample.

    scheduler: settings of its schedule as published. noising_scheduler: of the schedule by which
    stage II noises the image it enlarges, None in stage I. sample_size: pixels of its images.
    embedding_width: d of the prompt embeddings it takes. commit: of the hub, None for a folder.
    offloaded: its weights stay in RAM.
    """

    model: Any
    scheduler: dict[str, Any]
    noising_scheduler: dict[str, Any] | None
    sample_size: int
    embedding_width: int
    device: str
    commit: str | None
    offloaded: bool

    @property
    def is_stage_two(self) -> bool:
        return self.noising_scheduler is not None

    def unet(
        self, x: Tensor, t: Tensor, prompt_embeds: Tensor, class_labels: Tensor | None = None
    ) -> Tensor:
        """Noise and variance [B, 6, S, S], float32 on the stage's device.

        x: [B, 3, S, S], in stage II [B, 6, S, S] with the upscaled image in the last three.
        t: [B], a timestep a row. prompt_embeds: [B, 77, d]. class_labels: [B], the level at which
        stage II's image was noised, and None in stage I. Any device and format will do.
        """
        import torch

        dtype = self.model.dtype
        with torch.no_grad():
            (predicted,) = self.model(
                x.to(self.device, dtype),
                t.to(self.device),
                encoder_hidden_states=prompt_embeds.to(self.device, dtype),
                class_labels=None if class_labels is None else class_labels.to(self.device),
                return_dict=False,
            )
        return predicted.float()


def load_stage(
    part: ModelPart,
    project_root: Path,
    device: str = "cpu",
    *,
    report: Report = lambda done, total, message: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> LoadedStage:
    """The stage that `part` names; the one already loaded, if it is the same. The calling thread
    uses it from here on (tasks.text_to_image.loaded_part).

    Raises BadInput if it cannot be had, read or held; StepCancelled once should_stop is true.
    """

    def load() -> LoadedStage:
        found, placement = obtain_placed(part, project_root, device, report, should_stop)
        is_second = part.component == "stage_two"
        pipeline = load_pipeline(
            "IFSuperResolutionPipeline" if is_second else "IFPipeline",
            part,
            found.folder,
            without=("text_encoder", "tokenizer"),
        )
        check_complete(part, pipeline.unet, found.folder, found.files.weights)
        model = put(pipeline.unet, device, placement)
        return LoadedStage(
            model=model,
            scheduler=read_scheduler_config(found.folder),
            noising_scheduler=read_noising_config(found.folder) if is_second else None,
            sample_size=int(model.config.sample_size),
            embedding_width=int(model.config.encoder_hid_dim or model.config.cross_attention_dim),
            device=device,
            commit=found.commit,
            offloaded=placement.where == "offload",
        )

    key = (part, project_root, device)
    return hold(key, load, lambda stage: weight_bytes(stage.model), should_stop)


def load_scheduler(
    part: ModelPart,
    project_root: Path,
    *,
    report: Report = lambda done, total, message: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> dict[str, Any]:
    """Settings of the noise schedule alone, for steps that need no network. Raises BadInput."""
    found = obtain_part(part, project_root, report, should_stop)
    check_configs(part, found.folder)
    return read_scheduler_config(found.folder)
