"""The part of a model that a step asks for in params["model"]."""

from __future__ import annotations

from typing import Any

from tasks.running.step import Step
from tasks.text_to_image.encoder import TextEncoder, load_text_encoder
from tasks.text_to_image.model_part import ModelPart
from tasks.text_to_image.similarity import SimilarityModel, load_similarity
from tasks.text_to_image.stages import LoadedStage, load_scheduler, load_stage


def encoder_of(step: Step) -> TextEncoder:
    return load_text_encoder(
        _part(step),
        step.project_root,
        step.device,
        report=step.report,
        should_stop=step.should_stop,
    )


def stage_of(step: Step) -> LoadedStage:
    return load_stage(
        _part(step),
        step.project_root,
        step.device,
        report=step.report,
        should_stop=step.should_stop,
    )


def similarity_of(step: Step) -> SimilarityModel:
    return load_similarity(
        _part(step),
        step.project_root,
        step.device,
        report=step.report,
        should_stop=step.should_stop,
    )


def scheduler_of(step: Step) -> dict[str, Any]:
    return load_scheduler(
        _part(step), step.project_root, report=step.report, should_stop=step.should_stop
    )


def _part(step: Step) -> ModelPart:
    return ModelPart.from_params(step.params["model"])
