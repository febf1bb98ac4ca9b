"""What the panels of trained models share: which models and checkpoints they show, and checks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import ClassVar

from flows.declaration import Declaration
from flows.declaration.fields import GridSize
from flows.declaration.models import DenoisingModel, GenerativeModel
from flows.declaration.problems import Path, Problem
from flows.figures.panel import Nodes, Panel, Params, Place, Spot
from flows.figures.parameters import ModelName, Problems
from flows.figures.trained_models import (
    AnyModel,
    grid_problems,
    has_classes,
    model_after,
    sampler_words,
)
from flows.nodes.model_nodes import checkpoint_name
from flows.nodes.requests import Requests

GENERATIVE = "a model whose objective is ddpm or flow_matching"
DENOISER = "a model whose objective is denoiser"


class ModelsPanel(Panel):
    """A panel of one model or several."""

    def needs(self, model: AnyModel) -> str:
        """What the plot needs and `model` is not, or an empty string."""
        return ""

    def named(self, path: Path) -> Iterator[tuple[Path, str]]:
        """Where each model is named, and its name."""
        for index, name in enumerate(self.models_shown()):
            yield (*path, "models", str(index)), name

    def problems(self, declaration: Declaration, path: Path) -> Problems:
        yield from super().problems(declaration, path)
        for where, name in self.named(path):
            model = declaration.models.get(name)
            if model is not None:
                needed = self.needs(model)
                if needed:
                    yield Problem(where, f'is "{name}"; {self.plot} needs {needed}')
                yield from self.model_problems(path, name, model)

    def model_problems(self, path: Path, name: str, model: AnyModel) -> Problems:
        """Of the panel at `path`, beside one of its models."""
        yield from ()


class ModelPanel(ModelsPanel):
    """A panel of one model, whose checkpoints it shows by `node_kind`."""

    node_kind: ClassVar[str] = "denoise"
    has_seed: ClassVar[bool] = True
    """Whether its picture depends on the figure's seed."""

    model: ModelName

    def models_shown(self) -> Sequence[str]:
        return [self.model]

    def named(self, path: Path) -> Iterator[tuple[Path, str]]:
        yield (*path, "model"), self.model

    def model_problems(self, path: Path, name: str, model: AnyModel) -> Problems:
        kept = model.kept_epochs
        for epoch in getattr(self, "epochs", None) or ():
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

    def shown_epochs(self, model: AnyModel) -> list[int]:
        """The checkpoints it draws, ascending: all that are kept unless it lists some."""
        kept = model.kept_epochs
        wanted = getattr(self, "epochs", None)
        if wanted is None:
            return kept
        return sorted({kept[-1] if epoch == "last" else epoch for epoch in wanted})

    def checkpoints(self, place: Place) -> dict[int, str]:
        """Epoch to the name of the node, of those it shows."""
        epochs = self.shown_epochs(self.model_in(place))
        return {epoch: checkpoint_name(self.node_kind, self.model, epoch) for epoch in epochs}

    def model_in(self, place: Place) -> AnyModel:
        return place.declaration.models[self.model]

    def head(self, place: Place) -> str:
        """How its caption begins: model, data and epochs."""
        model = self.model_in(place)
        return model_after(place.declaration, model, self.shown_epochs(model))

    def ask_digits(self, requests: Requests, place: Place, digits: int) -> None:
        """So many test digits of each checkpoint it shows."""
        for node in self.checkpoints(place).values():
            requests.want_digits(node, place.seed, digits)

    def options(self, model: AnyModel) -> Params:
        """What its drawing is told besides label, epochs and seed."""
        return {}

    def inputs(self, place: Place) -> dict[str, str]:
        return {f"epoch_{epoch:03d}": name for epoch, name in self.checkpoints(place).items()}

    def draw(self, spot: Spot) -> Nodes:
        model = self.model_in(spot)
        params = {
            "label": model.title,
            "epochs": self.shown_epochs(model),
            **self.options(model),
            **({"seed": spot.seed} if self.has_seed else {}),
        }
        yield spot.drawing(
            self.inputs(spot), params, is_seeded=self.has_seed, work=self.drawing_work()
        )

    def drawing_work(self) -> float:
        return 1.0


class LastCheckpointPanel(ModelPanel):
    """A panel of the last checkpoint of a model."""

    def shown_epochs(self, model: AnyModel) -> list[int]:
        return model.kept_epochs[-1:]


class SamplesPanel(ModelsPanel):
    """A panel of a grid of samples of each model. Class-conditioned: a column a class."""

    rows: GridSize = 4
    columns: GridSize = 10

    def samples(self, place: Place) -> Iterable[str]:
        """The nodes that draw them."""
        raise NotImplementedError

    def needs(self, model: AnyModel) -> str:
        return "" if isinstance(model, GenerativeModel) else GENERATIVE

    def model_problems(self, path: Path, name: str, model: AnyModel) -> Problems:
        yield from super().model_problems(path, name, model)
        yield from grid_problems(path, self.rows, self.columns, name, model)

    def ask(self, requests: Requests, place: Place) -> None:
        for node in self.samples(place):
            frames = getattr(self, "frames", 0)
            requests.want_grid(node, place.seed, self.rows, self.columns, frames)


class CheckpointSamplesPanel(SamplesPanel, ModelPanel):
    """A panel of samples of checkpoints of one model."""

    node_kind = "sample"

    def samples(self, place: Place) -> Iterable[str]:
        return self.checkpoints(place).values()

    def options(self, model: AnyModel) -> Params:
        return {"rows": self.rows, "columns": self.columns, "label_classes": has_classes(model)}

    def samples_words(self, place: Place) -> str:
        """How its caption begins: which model, how it is sampled, how samples are laid out."""
        model = self.model_in(place)
        order = "; a column a class" if has_classes(model) else ""
        return f"{self.head(place)}{sampler_words(model)}{order}"


def training_sigma(model: AnyModel) -> float | None:
    return model.objective.sigma if model.objective.kind == "denoiser" else None


def trained_at(model: AnyModel) -> str:
    """ ", trained at sigma = 0.5", of models that are."""
    sigma = training_sigma(model)
    return "" if sigma is None else f", trained at sigma = {sigma:g}"


def measured_sigmas(model: AnyModel) -> list[float]:
    assert isinstance(model, DenoisingModel) and model.measure is not None
    return sorted(model.measure.sigmas)


def needs_denoiser(model: AnyModel, *, measured: bool) -> str:
    """measured: whether it must be measured at noise levels."""
    if model.objective.kind != "denoiser":
        return DENOISER
    if measured and model.measure is None:
        return "a model that is measured (measure: {sigmas: [...]})"
    return ""
