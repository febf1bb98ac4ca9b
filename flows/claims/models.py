"""Evidence for claims on the models that are trained here: their measured checkpoints.

A claim is measured on the models that the write-up's figures show; which of them plays which part
follows from what they are, never from their names.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from flows.claims.evidence import (
    Evidence,
    NodeName,
    NotShown,
    Shown,
    WriteUp,
    gathers,
    nothing_shows,
)
from flows.declaration.figures import (
    ClassHistogram,
    Comparison,
    Denoised,
    PureNoise,
    Samples,
    SigmaRow,
)
from flows.declaration.models import DenoisingModel, GenerativeModel
from flows.nodes.model_nodes import checkpoint_name, guidance_scale_of
from tasks.store.node import JSON

D = TypeVar("D", Denoised, SigmaRow)


@gathers
def denoiser_epochs(writeup: WriteUp) -> Evidence:
    """An entry a checkpoint of the denoiser: node, model, epoch, sigma (of its training)."""
    name, model, panels = _denoiser(writeup, Denoised, "denoised digits")
    return Evidence([_denoised(name, model, epoch) for epoch in model.kept_epochs], panels)


@gathers
def denoiser_ood(writeup: WriteUp) -> Evidence:
    """An entry, the last checkpoint: node, model, epoch, sigma, and sigmas it is measured at."""
    name, model, panels = _denoiser(writeup, SigmaRow, "the denoiser at other noise levels")
    if model.measure is None:
        raise NotShown(f"models.{name} has no measure.sigmas, so no error is measured")
    entry = _denoised(name, model, model.kept_epochs[-1])
    return Evidence([{**entry, "sigmas": sorted(model.measure.sigmas)}], panels)


@gathers
def purenoise_mean(writeup: WriteUp) -> Evidence:
    """An entry, the last checkpoint: node, model, epoch."""
    found = writeup.shown(PureNoise, "a denoiser of pure noise")
    names = [shown.panel.model for shown in found]
    last = [writeup.declaration.models[name].kept_epochs[-1] for name in names]
    return Evidence([_checkpoint("denoise", *one) for one in zip(names, last, strict=True)], found)


@gathers
def time_epochs(writeup: WriteUp) -> Evidence:
    """An entry a checkpoint of the time-conditioned model: node, model, epoch."""
    name, model, panels = _first(writeup, is_class=False)
    if len(model.kept_epochs) < 2:
        raise NotShown(f"models.{name} keeps one checkpoint alone")
    return Evidence([_evaluated(name, epoch) for epoch in model.kept_epochs], panels)


@gathers
def uncond_random(writeup: WriteUp) -> Evidence:
    """An entry, the last checkpoint: node, model, epoch."""
    found = writeup.shown(ClassHistogram, "which digits a model draws")
    names = [shown.panel.model for shown in found]
    return Evidence([_last(name, _measured(writeup, name)) for name in names], found)


@gathers
def class_beats_time(writeup: WriteUp) -> Evidence:
    """An entry a checkpoint, of both models: node, model, epoch, is_class."""
    time_name, time, time_panels = _first(writeup, is_class=False)
    class_name, conditioned, class_panels = _first(writeup, is_class=True)
    if time.classifier != conditioned.classifier:
        raise NotShown("the two models are measured by different classifiers")
    entries: list[dict[str, JSON]] = [
        {**_evaluated(name, epoch), "is_class": model.is_class_conditioned}
        for name, model in ((class_name, conditioned), (time_name, time))
        for epoch in model.kept_epochs
    ]
    return Evidence(entries, [*class_panels, *time_panels])


@gathers
def class_control(writeup: WriteUp) -> Evidence:
    """An entry a class-conditioned model, its last checkpoint: node, model, epoch, guidance."""
    found = _sampled(writeup, is_class=True)
    entries = [
        {**_last(name, _measured(writeup, name)), "guidance_scale": guidance_scale_of(model)}
        for _, name, model in found
    ]
    return Evidence(entries, [shown for shown, _, _ in found])


@gathers
def cfg_flow(writeup: WriteUp) -> Evidence:
    """Two entries, last checkpoints: node, model, epoch, is_class."""
    evidence = class_beats_time(writeup)
    last = {entry["is_class"]: entry for entry in evidence.entries}
    return Evidence([last[True], last[False]], evidence.panels)


@gathers
def nosched_equal(writeup: WriteUp) -> Evidence:
    """Two entries, last checkpoints: node, model, epoch, decay, classifier (a node)."""
    what = "no two models that differ by their learning-rate scheduler stand side by side"
    return _compared(writeup, "decay", lambda model: model.decay, what)


@gathers
def bigtime_better(writeup: WriteUp) -> Evidence:
    """Two entries, last checkpoints: node, model, epoch, hidden_width, classifier (a node)."""
    what = "no two models of different width stand side by side"
    return _compared(writeup, "hidden_width", lambda model: model.network.hidden_width, what)


def _compared(
    writeup: WriteUp, by: str, of: Callable[[GenerativeModel], JSON], none: str
) -> Evidence:
    """The first two models side by side that differ in what `of` tells, called `by` in entries."""
    for shown in writeup.shown(Comparison, "models side by side"):
        models = {name: _measured(writeup, name) for name in shown.panel.models}
        if len(shown.panel.models) == 2 and len({of(model) for model in models.values()}) == 2:
            entries = [
                {
                    **_last(name, model),
                    by: of(model),
                    "classifier": NodeName(f"classifier/{model.classifier}"),
                }
                for name, model in models.items()
            ]
            return Evidence(entries, [shown])
    raise NotShown(none)


def _denoiser(
    writeup: WriteUp, kind: type[D], words: str
) -> tuple[str, DenoisingModel, list[Shown[D]]]:
    """The denoiser at one noise level that panels of `kind` show first, and those that show it."""
    found = [
        (shown, shown.panel.model, model)
        for shown in writeup.shown(kind, words)
        for model in [writeup.declaration.models[shown.panel.model]]
        if isinstance(model, DenoisingModel) and model.objective.kind == "denoiser"
    ]
    if not found:
        raise nothing_shows(words)
    _, first, model = found[0]
    return first, model, [shown for shown, name, _ in found if name == first]


def _denoised(name: str, model: DenoisingModel, epoch: int) -> dict[str, JSON]:
    assert model.objective.kind == "denoiser"
    return {**_checkpoint("denoise", name, epoch), "sigma": model.objective.sigma}


def _evaluated(name: str, epoch: int) -> dict[str, JSON]:
    return _checkpoint("evaluate", name, epoch)


def _last(name: str, model: GenerativeModel) -> dict[str, JSON]:
    return _evaluated(name, model.kept_epochs[-1])


def _checkpoint(kind: str, name: str, epoch: int) -> dict[str, JSON]:
    node = NodeName(checkpoint_name(kind, name, epoch))
    return {"node": node, "model": name, "epoch": epoch}


def _measured(writeup: WriteUp, name: str) -> GenerativeModel:
    """A generative model whose samples a classifier measures. Raises NotShown for any other."""
    model = writeup.declaration.models[name]
    if not isinstance(model, GenerativeModel) or model.measure is None:
        raise NotShown(f"models.{name} has no classifier, so its samples are not measured")
    return model


def _sampled(
    writeup: WriteUp, *, is_class: bool
) -> list[tuple[Shown[Samples], str, GenerativeModel]]:
    """The models, with classes or without, that figures show by their samples, each once."""
    words = "class-conditioned samples" if is_class else "time-conditioned samples"
    found: dict[str, tuple[Shown[Samples], str, GenerativeModel]] = {}
    for shown in writeup.shown(Samples, words):
        name = shown.panel.model
        model = writeup.declaration.models[name]
        if isinstance(model, GenerativeModel) and model.is_class_conditioned == is_class:
            found.setdefault(name, (shown, name, model))
    if not found:
        raise nothing_shows(words)
    return list(found.values())


def _first(
    writeup: WriteUp, *, is_class: bool
) -> tuple[str, GenerativeModel, list[Shown[Samples]]]:
    """The first of these models, measured."""
    shown, name, _ = _sampled(writeup, is_class=is_class)[0]
    return name, _measured(writeup, name), [shown]
