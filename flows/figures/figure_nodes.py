"""Nodes of figures: one a panel, each drawing one picture from what models and data made."""

from __future__ import annotations

from collections.abc import Sequence

from flows.declaration import Declaration
from flows.declaration.figures import (
    Animation,
    ClassHistogram,
    Comparison,
    Denoised,
    Figure,
    GuidanceSweep,
    LossCurve,
    ModelPanel,
    Noising,
    PureNoise,
    Samples,
    SigmaCurve,
    SigmaRow,
    models_of,
    panel_id,
)
from flows.declaration.models import DenoisingModel, GenerativeModel
from flows.nodes.model_nodes import checkpoint_name, data_name, guidance_name, train_name
from flows.nodes.requests import shown_epochs
from tasks.store.node import JSON, Node

TITLES = {
    "loss_curve": "Training loss",
    "noising": "Noising process",
    "denoised": "Denoised test digits",
    "sigma_row": "Other noise levels",
    "sigma_curve": "Test error over noise levels",
    "pure_noise": "Outputs on pure noise",
    "samples": "Samples by epoch",
    "animation": "Sampling, step by step",
    "comparison": "Side by side, from the same noise",
    "class_histogram": "Digits drawn",
    "guidance_sweep": "Guidance sweep",
}


def figure_name(figure_id: str, panel: ModelPanel) -> str:
    return f"figure/{figure_id}/{panel_id(panel)}"


def panel_title(panel: ModelPanel) -> str:
    return panel.title or TITLES[panel.plot]


def figure_node(
    declaration: Declaration, figure_id: str, figure: Figure, panel: ModelPanel
) -> Node:
    """The node that draws `panel`. Its seed is the figure's where the picture depends on one, so
    that a loss curve is not drawn again for a new seed."""
    params: dict[str, JSON] = {"plot": panel.plot}
    seed, work = 0, 1.0
    if isinstance(panel, LossCurve):
        options, inputs = _loss_curve(declaration, panel)
    elif isinstance(panel, Noising):
        options = {"digits": panel.digits, "sigmas": panel.sigmas}
        inputs = {"data": data_name(panel.dataset)}
        seed = figure.seed
    elif isinstance(panel, Comparison):
        options, inputs = _comparison(declaration, panel, figure.seed)
        seed = figure.seed
    elif isinstance(panel, GuidanceSweep):
        options, inputs = _guidance_sweep(declaration, panel)
    else:
        model = declaration.models[panel.model]
        epochs = shown_epochs(panel, model)
        options = {"label": model.title, "epochs": epochs, **_options(panel, model)}
        inputs = _checkpoint_inputs(panel, epochs)
        if not isinstance(panel, SigmaCurve | ClassHistogram):
            seed = figure.seed
            options["seed"] = seed
        if isinstance(panel, Animation):
            work += panel.frames / 5
    return Node(figure_name(figure_id, panel), "figure", params | options, inputs, seed, work)


def _loss_curve(
    declaration: Declaration, panel: LossCurve
) -> tuple[dict[str, JSON], dict[str, str]]:
    models = [declaration.models[name] for name in panel.models]
    options: dict[str, JSON] = {
        "scale": panel.scale,
        "labels": [model.title for model in models],
        "decay": [model.decay for model in models],
        "epochs": [model.epochs for model in models],
    }
    return options, {f"model_{i}": train_name(name) for i, name in enumerate(panel.models)}


def _comparison(
    declaration: Declaration, panel: Comparison, seed: int
) -> tuple[dict[str, JSON], dict[str, str]]:
    models = [declaration.models[name] for name in panel.models]
    epochs = [model.kept_epochs[-1] for model in models]
    options: dict[str, JSON] = {
        "labels": [model.title for model in models],
        "epochs": epochs,
        "seed": seed,
        "rows": panel.rows,
        "columns": panel.columns,
        "label_classes": all(_has_classes(model) for model in models),
    }
    inputs = {
        f"model_{i}": checkpoint_name("sample", name, epoch)
        for i, (name, epoch) in enumerate(zip(panel.models, epochs, strict=True))
    }
    return options, inputs


def _guidance_sweep(
    declaration: Declaration, panel: GuidanceSweep
) -> tuple[dict[str, JSON], dict[str, str]]:
    model = declaration.models[panel.model]
    assert isinstance(model, GenerativeModel) and model.measure is not None
    epoch = model.kept_epochs[-1]
    scales = sorted(model.measure.guidance_scales)
    options: dict[str, JSON] = {
        "label": model.title,
        "epochs": [epoch],
        "guidance_scales": scales,
        "samples": model.measure.sweep_samples,
    }
    inputs = {
        f"guidance_{i}": guidance_name(panel.model, epoch, scale) for i, scale in enumerate(scales)
    }
    return options, inputs


def _options(panel: ModelPanel, model: DenoisingModel | GenerativeModel) -> dict[str, JSON]:
    """What a panel of one model adds to its epochs and seed."""
    if isinstance(panel, Denoised):
        return {"digits": panel.digits, "sigma": shown_sigma(panel, model)}
    if isinstance(panel, SigmaRow):
        return {
            "digits": panel.digits,
            "sigma": training_sigma(model),
            "sigmas": shown_sigmas(panel, model),
        }
    if isinstance(panel, SigmaCurve):
        return {"sigma": training_sigma(model), "sigmas": shown_sigmas(panel, model)}
    if isinstance(panel, PureNoise):
        return {"digits": panel.digits, "sigma": None}
    if isinstance(panel, Samples | Animation):
        options = {
            "rows": panel.rows,
            "columns": panel.columns,
            "label_classes": _has_classes(model),
        }
        return options | ({"frames": panel.frames} if isinstance(panel, Animation) else {})
    return {}


def _checkpoint_inputs(panel: ModelPanel, epochs: Sequence[int]) -> dict[str, str]:
    (model,) = models_of(panel)
    if isinstance(panel, Animation):
        return {"sample": checkpoint_name("sample", model, epochs[-1])}
    kind = "denoise"
    if isinstance(panel, Samples):
        kind = "sample"
    elif isinstance(panel, ClassHistogram):
        kind = "evaluate"
    return {f"epoch_{epoch:03d}": checkpoint_name(kind, model, epoch) for epoch in epochs}


def training_sigma(model: DenoisingModel | GenerativeModel) -> float | None:
    return model.objective.sigma if model.objective.kind == "denoiser" else None


def shown_sigma(panel: Denoised, model: DenoisingModel | GenerativeModel) -> float | None:
    return panel.sigma if panel.sigma is not None else training_sigma(model)


def shown_sigmas(
    panel: SigmaRow | SigmaCurve, model: DenoisingModel | GenerativeModel
) -> list[float]:
    """Ascending; those the model is measured at unless the panel lists its own."""
    if isinstance(panel, SigmaRow) and panel.sigmas is not None:
        return sorted(panel.sigmas)
    assert isinstance(model, DenoisingModel) and model.measure is not None
    return sorted(model.measure.sigmas)


def _has_classes(model: DenoisingModel | GenerativeModel) -> bool:
    return isinstance(model, GenerativeModel) and model.is_class_conditioned
