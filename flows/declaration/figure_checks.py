"""Checks of one panel against the models and data sets it shows."""

from __future__ import annotations

from collections.abc import Iterator

from flows.declaration.annotated_checks import check_annotated_panel
from flows.declaration.annotated_panels import AnnotatedPanel
from flows.declaration.document import Declaration
from flows.declaration.figures import (
    MAX_GRID_IMAGES,
    Animation,
    ClassHistogram,
    Comparison,
    Denoised,
    GuidanceSweep,
    LossCurve,
    ModelPanel,
    Noising,
    Panel,
    PureNoise,
    Samples,
    SigmaCurve,
    SigmaRow,
    models_of,
)
from flows.declaration.models import DenoisingModel, GenerativeModel
from flows.declaration.pocket_panels import PocketPanel
from flows.declaration.problems import Path, Problem, check_name, show_value
from flows.declaration.trajectory_checks import check_trajectory_panel
from flows.declaration.trajectory_panels import TrajectoryPanel


def check_panel(declaration: Declaration, path: Path, panel: Panel) -> Iterator[Problem]:
    """Problems of `panel`, which stands at `path`."""
    if isinstance(panel, AnnotatedPanel):
        yield from check_annotated_panel(declaration, path, panel)
        return
    if isinstance(panel, TrajectoryPanel):
        yield from check_trajectory_panel(declaration, path, panel)
        return
    if isinstance(panel, PocketPanel):
        if declaration.pocket is None:
            yield Problem(path, "shows the pocket model; declare how it is trained, at `pocket`")
        return
    if isinstance(panel, Noising):
        yield from check_name((*path, "dataset"), panel.dataset, declaration.datasets, "data set")
        return
    several = isinstance(panel, LossCurve | Comparison)
    for index, name in enumerate(models_of(panel)):
        where = (*path, "models", str(index)) if several else (*path, "model")
        yield from check_name(where, name, declaration.models, "model")
        model = declaration.models.get(name)
        if model is None:
            continue
        yield from _check_family(where, panel, name, model)
        yield from _check_epochs(path, panel, name, model)
        if isinstance(panel, Samples | Animation | Comparison) and isinstance(
            model, GenerativeModel
        ):
            yield from _check_grid(path, panel, name, model)


def _check_family(
    where: Path, panel: ModelPanel, name: str, model: DenoisingModel | GenerativeModel
) -> Iterator[Problem]:
    needed = _needed(panel, model)
    if needed:
        yield Problem(where, f'is "{name}"; {panel.plot} needs {needed}')


def _needed(panel: ModelPanel, model: DenoisingModel | GenerativeModel) -> str:
    """What the plot needs and the model is not, or an empty string."""
    if isinstance(panel, Denoised | SigmaRow | SigmaCurve):
        if model.objective.kind != "denoiser":
            return "a model whose objective is denoiser"
        if model.measure is None and (
            isinstance(panel, SigmaCurve) or (isinstance(panel, SigmaRow) and not panel.sigmas)
        ):
            return "a model that is measured (measure: {sigmas: [...]})"
    elif isinstance(panel, PureNoise):
        if model.objective.kind != "pure_noise":
            return "a model whose objective is pure_noise"
    elif isinstance(panel, Samples | Animation | Comparison | ClassHistogram | GuidanceSweep):
        if not isinstance(model, GenerativeModel):
            return "a model whose objective is ddpm or flow_matching"
        return _needed_of_generative(panel, model)
    return ""


def _needed_of_generative(panel: ModelPanel, model: GenerativeModel) -> str:
    if isinstance(panel, ClassHistogram):
        if model.is_class_conditioned:
            return "an unconditional model (network.num_classes: 0), whose digits are not chosen"
        if model.measure is None:
            return "a model that is measured (classifier and measure)"
    if isinstance(panel, GuidanceSweep):
        if not model.is_class_conditioned:
            return "a class-conditioned model (network.num_classes: 10)"
        if model.measure is None or not model.measure.guidance_scales:
            return "a model with measure.guidance_scales"
    return ""


def _check_epochs(
    path: Path, panel: ModelPanel, name: str, model: DenoisingModel | GenerativeModel
) -> Iterator[Problem]:
    wanted = getattr(panel, "epochs", None)
    kept = model.kept_epochs
    for epoch in wanted or ():
        if epoch == "last" or epoch in kept:
            continue
        more = ",".join(map(str, sorted({*kept, epoch})))
        longer = f" --set models.{name}.epochs={epoch}" if epoch > model.epochs else ""
        yield Problem(
            (*path, "epochs"),
            f"asks for epoch {epoch} of {name}, which keeps checkpoints after "
            f"{', '.join(map(str, kept))}; expected some of these "
            f"(or --set models.{name}.checkpoints=[{more}]{longer})",
        )


def _check_grid(
    path: Path, panel: Samples | Animation | Comparison, name: str, model: GenerativeModel
) -> Iterator[Problem]:
    if model.is_class_conditioned and panel.columns != model.network.num_classes:
        yield Problem(
            (*path, "columns"),
            f"is {panel.columns}; expected {model.network.num_classes}, a column for each class "
            f"of {name}",
        )
    if panel.rows * panel.columns > MAX_GRID_IMAGES:
        yield Problem(
            (*path, "rows"),
            f"is {show_value(panel.rows)} with {panel.columns} columns; expected at most "
            f"{MAX_GRID_IMAGES} images in a grid",
        )
