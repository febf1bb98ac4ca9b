"""Evidence for claims on the models that are trained here: their measured checkpoints.

A claim is measured on the models that the write-up's figures show; which of them plays which part
follows from what they are, never from their names.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from flows.claims.evidence import Evidence, NotShown, Shown, WriteUp
from flows.declaration.models import DenoisingModel, GenerativeModel
from flows.figures.trained.class_histogram import ClassHistogram
from flows.figures.trained.comparison import Comparison
from flows.figures.trained.denoised import Denoised
from flows.figures.trained.pure_noise import PureNoise
from flows.figures.trained.samples import Samples
from flows.figures.trained.sigma_row import SigmaRow
from flows.nodes.model_nodes import checkpoint_name, guidance_scale_of
from tasks.store.node import JSON


def denoiser_epochs(writeup: WriteUp) -> Evidence:
    """An entry a checkpoint of the denoiser: node, model, epoch, sigma (of its training)."""
    name, model, figures = _denoiser(writeup, Denoised, "denoised digits")
    return Evidence([_denoised(name, model, epoch) for epoch in model.kept_epochs], figures)


def denoiser_ood(writeup: WriteUp) -> Evidence:
    """An entry, the last checkpoint: node, model, epoch, sigma, and sigmas it is measured at."""
    name, model, figures = _denoiser(writeup, SigmaRow, "the denoiser at other noise levels")
    if model.measure is None:
        raise NotShown(f"models.{name} has no measure.sigmas, so no error is measured")
    entry = _denoised(name, model, model.kept_epochs[-1])
    return Evidence([{**entry, "sigmas": sorted(model.measure.sigmas)}], figures)


def purenoise_mean(writeup: WriteUp) -> Evidence:
    """An entry, the last checkpoint: node, model, epoch."""
    found = writeup.some(PureNoise, "a denoiser of pure noise")
    entries = []
    for _, panel in found:
        epoch = writeup.declaration.models[panel.model].kept_epochs[-1]
        node = checkpoint_name("denoise", panel.model, epoch)
        entries.append({"node": node, "model": panel.model, "epoch": epoch})
    return Evidence(entries, [shown.figure_id for shown, _ in found])


def time_epochs(writeup: WriteUp) -> Evidence:
    """An entry a checkpoint of the time-conditioned model: node, model, epoch."""
    name, model, figures = _time_model(writeup)
    if len(model.kept_epochs) < 2:
        raise NotShown(f"models.{name} keeps one checkpoint alone")
    return Evidence([_evaluated(name, epoch) for epoch in model.kept_epochs], figures)


def uncond_random(writeup: WriteUp) -> Evidence:
    """An entry, the last checkpoint: node, model, epoch."""
    found = writeup.some(ClassHistogram, "which digits a model draws")
    entries = []
    for _, panel in found:
        model = _measured(writeup, panel.model)
        entries.append(_evaluated(panel.model, model.kept_epochs[-1]))
    return Evidence(entries, [shown.figure_id for shown, _ in found])


def class_beats_time(writeup: WriteUp) -> Evidence:
    """An entry a checkpoint, of both models: node, model, epoch, is_class."""
    time_name, time, time_figures = _time_model(writeup)
    class_name, conditioned, class_figures = _class_model(writeup)
    if time.classifier != conditioned.classifier:
        raise NotShown("the two models are measured by different classifiers")
    entries: list[dict[str, JSON]] = [
        {**_evaluated(name, epoch), "is_class": model.is_class_conditioned}
        for name, model in ((class_name, conditioned), (time_name, time))
        for epoch in model.kept_epochs
    ]
    return Evidence(entries, [*class_figures, *time_figures])


def class_control(writeup: WriteUp) -> Evidence:
    """An entry a class-conditioned model, its last checkpoint: node, model, epoch, guidance."""
    found = _sampled(writeup, lambda model: model.is_class_conditioned, "class-conditioned samples")
    entries = []
    for _, name, model in found:
        _measured(writeup, name)
        entry = _evaluated(name, model.kept_epochs[-1])
        entries.append({**entry, "guidance_scale": guidance_scale_of(model)})
    return Evidence(entries, [shown.figure_id for shown, _, _ in found])


def cfg_flow(writeup: WriteUp) -> Evidence:
    """Two entries, last checkpoints: node, model, epoch, is_class."""
    evidence = class_beats_time(writeup)
    last = {entry["is_class"]: entry for entry in evidence.entries}
    return Evidence([last[True], last[False]], evidence.figures)


def nosched_equal(writeup: WriteUp) -> Evidence:
    """Two entries, last checkpoints: node, model, epoch, decay, classifier (a node)."""
    for shown, panel in writeup.some(Comparison, "models side by side"):
        models = [_measured(writeup, name) for name in panel.models]
        if len(models) == 2 and models[0].decay != models[1].decay:
            return Evidence(_compared(writeup, panel.models, "decay"), [shown.figure_id])
    raise NotShown("no two models that differ by their learning-rate scheduler stand side by side")


def bigtime_better(writeup: WriteUp) -> Evidence:
    """Two entries, last checkpoints: node, model, epoch, hidden_width, classifier (a node)."""
    for shown, panel in writeup.some(Comparison, "models side by side"):
        models = [_measured(writeup, name) for name in panel.models]
        widths = {model.network.hidden_width for model in models}
        if len(models) == 2 and len(widths) == 2:
            return Evidence(_compared(writeup, panel.models, "hidden_width"), [shown.figure_id])
    raise NotShown("no two models of different width stand side by side")


def _denoiser(
    writeup: WriteUp, kind: type[Denoised] | type[SigmaRow], words: str
) -> tuple[str, DenoisingModel, list[str]]:
    """The denoiser at one noise level that panels of `kind` show, and their figures."""
    figures = []
    named: tuple[str, DenoisingModel] | None = None
    for shown, panel in writeup.some(kind, words):
        model = writeup.declaration.models[panel.model]
        if isinstance(model, DenoisingModel) and model.objective.kind == "denoiser":
            named = named or (panel.model, model)
            if panel.model == named[0]:
                figures.append(shown.figure_id)
    if named is None:
        raise NotShown(f"no figure of this write-up shows {words}")
    return (*named, figures)


def _denoised(name: str, model: DenoisingModel, epoch: int) -> dict[str, JSON]:
    assert model.objective.kind == "denoiser"
    node = checkpoint_name("denoise", name, epoch)
    return {"node": node, "model": name, "epoch": epoch, "sigma": model.objective.sigma}


def _evaluated(name: str, epoch: int) -> dict[str, JSON]:
    return {"node": checkpoint_name("evaluate", name, epoch), "model": name, "epoch": epoch}


def _compared(writeup: WriteUp, names: Sequence[str], by: str) -> list[dict[str, JSON]]:
    entries = []
    for name in names:
        model = _measured(writeup, name)
        entry = _evaluated(name, model.kept_epochs[-1])
        what = model.decay if by == "decay" else model.network.hidden_width
        entries.append({**entry, by: what, "classifier": f"classifier/{model.classifier}"})
    return entries


def _measured(writeup: WriteUp, name: str) -> GenerativeModel:
    """A generative model whose samples a classifier measures. Raises NotShown for any other."""
    model = writeup.declaration.models[name]
    if not isinstance(model, GenerativeModel) or model.measure is None:
        raise NotShown(f"models.{name} has no classifier, so its samples are not measured")
    return model


def _sampled(
    writeup: WriteUp, wanted: Callable[[GenerativeModel], bool], words: str
) -> list[tuple[Shown, str, GenerativeModel]]:
    """The models that figures show by their samples, each once."""
    found: dict[str, tuple[Shown, str, GenerativeModel]] = {}
    for shown, panel in writeup.some(Samples, words):
        model = writeup.declaration.models[panel.model]
        if isinstance(model, GenerativeModel) and wanted(model):
            found.setdefault(panel.model, (shown, panel.model, model))
    if not found:
        raise NotShown(f"no figure of this write-up shows {words}")
    return list(found.values())


def _time_model(writeup: WriteUp) -> tuple[str, GenerativeModel, list[str]]:
    found = _sampled(
        writeup, lambda model: not model.is_class_conditioned, "time-conditioned samples"
    )
    shown, name, _ = found[0]
    return name, _measured(writeup, name), [shown.figure_id]


def _class_model(writeup: WriteUp) -> tuple[str, GenerativeModel, list[str]]:
    found = _sampled(writeup, lambda model: model.is_class_conditioned, "class-conditioned samples")
    shown, name, _ = found[0]
    return name, _measured(writeup, name), [shown.figure_id]
