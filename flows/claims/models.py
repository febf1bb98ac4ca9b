"""Evidence for claims on the models that are trained here: their measured checkpoints.

A claim is measured on the models that the write-up's figures show; which of them plays which part
follows from what they are, never from their names.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from flows.claims.evidence import (
    Evidence,
    NodeName,
    NotShown,
    Shown,
    WriteUp,
    gathers,
    nothing_shows,
)
from flows.declaration.models import DenoisingModel, GenerativeModel
from flows.figures.trained.class_histogram import ClassHistogram
from flows.figures.trained.comparison import Comparison
from flows.figures.trained.denoised import Denoised
from flows.figures.trained.pure_noise import PureNoise
from flows.figures.trained.samples import Samples
from flows.figures.trained.sigma_row import SigmaRow
from flows.nodes.model_nodes import checkpoint_name, guidance_scale_of
from tasks.store.node import JSON

M = TypeVar("M", DenoisingModel, GenerativeModel)


@dataclass(frozen=True)
class _Kept(Generic[M]):
    """A model that a panel shows, by its checkpoints."""

    shown: Shown[Any]
    name: str
    model: M

    @property
    def last_epoch(self) -> int:
        return self.model.kept_epochs[-1]

    def entry(self, kind: str, epoch: int, **further: JSON) -> dict[str, JSON]:
        """A checkpoint as a node of `kind` has measured it."""
        node = NodeName(checkpoint_name(kind, self.name, epoch))
        return {"node": node, "model": self.name, "epoch": epoch, **further}

    def last(self, **further: JSON) -> dict[str, JSON]:
        """The samples of the last checkpoint."""
        return self.entry("evaluate", self.last_epoch, **further)


@gathers
def denoiser_epochs(writeup: WriteUp) -> Evidence:
    """An entry a checkpoint of the denoiser: node, model, epoch, sigma (of its training)."""
    kept, sigma, panels = _denoiser(writeup, Denoised, "denoised digits")
    entries = [kept.entry("denoise", epoch, sigma=sigma) for epoch in kept.model.kept_epochs]
    return Evidence(entries, panels)


@gathers
def denoiser_ood(writeup: WriteUp) -> Evidence:
    """An entry, the last checkpoint: node, model, epoch, sigma, and sigmas it is measured at."""
    kept, sigma, panels = _denoiser(writeup, SigmaRow, "the denoiser at other noise levels")
    if kept.model.measure is None:
        raise NotShown(f"models.{kept.name} has no measure.sigmas, so no error is measured")
    sigmas = sorted(kept.model.measure.sigmas)
    entry = kept.entry("denoise", kept.last_epoch, sigma=sigma, sigmas=sigmas)
    return Evidence([entry], panels)


@gathers
def purenoise_mean(writeup: WriteUp) -> Evidence:
    """An entry, the last checkpoint: node, model, epoch."""
    found = writeup.shown(PureNoise, "a denoiser of pure noise")
    kept = [_kept(writeup, shown, shown.panel.model) for shown in found]
    return Evidence([one.entry("denoise", one.last_epoch) for one in kept], found)


@gathers
def time_epochs(writeup: WriteUp) -> Evidence:
    """An entry a checkpoint of the time-conditioned model: node, model, epoch."""
    kept = _measured(_sampled(writeup, is_class=False)[0])
    epochs = kept.model.kept_epochs
    if len(epochs) < 2:
        raise NotShown(f"models.{kept.name} keeps one checkpoint alone")
    return Evidence([kept.entry("evaluate", epoch) for epoch in epochs], [kept.shown])


@gathers
def uncond_random(writeup: WriteUp) -> Evidence:
    """An entry, the last checkpoint: node, model, epoch."""
    found = writeup.shown(ClassHistogram, "which digits a model draws")
    kept = [_kept(writeup, shown, shown.panel.model) for shown in found]
    return Evidence([_measured(one).last() for one in kept], found)


@gathers
def class_beats_time(writeup: WriteUp) -> Evidence:
    """An entry a checkpoint, of both models: node, model, epoch, is_class."""
    time = _measured(_sampled(writeup, is_class=False)[0])
    conditioned = _measured(_sampled(writeup, is_class=True)[0])
    if time.model.classifier != conditioned.model.classifier:
        raise NotShown("the two models are measured by different classifiers")
    entries = [
        kept.entry("evaluate", epoch, is_class=kept is conditioned)
        for kept in (conditioned, time)
        for epoch in kept.model.kept_epochs
    ]
    return Evidence(entries, [conditioned.shown, time.shown])


@gathers
def class_control(writeup: WriteUp) -> Evidence:
    """An entry a class-conditioned model, its last checkpoint: node, model, epoch, guidance."""
    found = [_measured(kept) for kept in _sampled(writeup, is_class=True)]
    entries = [kept.last(guidance_scale=guidance_scale_of(kept.model)) for kept in found]
    return Evidence(entries, [kept.shown for kept in found])


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
    return _side_by_side(writeup, "decay", lambda model: model.decay, what)


@gathers
def bigtime_better(writeup: WriteUp) -> Evidence:
    """Two entries, last checkpoints: node, model, epoch, hidden_width, classifier (a node)."""
    what = "no two models of different width stand side by side"
    return _side_by_side(writeup, "hidden_width", lambda model: model.network.hidden_width, what)


def _side_by_side(
    writeup: WriteUp, by: str, of: Callable[[GenerativeModel], JSON], missing: str
) -> Evidence:
    """The first two models side by side that differ in what `of` tells; `by` names it."""
    for shown in writeup.shown(Comparison, "models side by side"):
        pair = [_measured(_kept(writeup, shown, name)) for name in shown.panel.models]
        if len(pair) == 2 and of(pair[0].model) != of(pair[1].model):
            entries = [
                kept.last(**{by: of(kept.model)})
                | {"classifier": NodeName(f"classifier/{kept.model.classifier}")}
                for kept in pair
            ]
            return Evidence(entries, [shown])
    raise NotShown(missing)


def _denoiser(
    writeup: WriteUp, panels: type[Denoised] | type[SigmaRow], words: str
) -> tuple[_Kept[DenoisingModel], float, list[Shown[Any]]]:
    """The denoiser at one noise level that such panels show first, that level, and those of them
    that show it."""
    found = [
        kept
        for shown in writeup.shown(panels, words)
        for kept in [_kept(writeup, shown, shown.panel.model)]
        if kept.model.objective.kind == "denoiser"
    ]
    if not found:
        raise nothing_shows(words)
    first = found[0]
    panels_of_it = [kept.shown for kept in found if kept.name == first.name]
    return first, first.model.objective.sigma, panels_of_it


def _sampled(writeup: WriteUp, *, is_class: bool) -> list[_Kept[Any]]:
    """The models, with classes or without, that figures show by their samples, each once."""
    words = "class-conditioned samples" if is_class else "time-conditioned samples"
    found: dict[str, _Kept[Any]] = {}
    for shown in writeup.shown(Samples, words):
        kept = _kept(writeup, shown, shown.panel.model)
        if getattr(kept.model, "is_class_conditioned", None) is is_class:
            found.setdefault(kept.name, kept)
    if not found:
        raise nothing_shows(words)
    return list(found.values())


def _kept(writeup: WriteUp, shown: Shown[Any], name: str) -> _Kept[Any]:
    return _Kept(shown, name, writeup.declaration.models[name])


def _measured(kept: _Kept[Any]) -> _Kept[GenerativeModel]:
    """One whose samples a classifier measures. Raises NotShown for any other."""
    if not isinstance(kept.model, GenerativeModel) or kept.model.measure is None:
        raise NotShown(f"models.{kept.name} has no classifier, so its samples are not measured")
    return kept
