"""Nodes of data sets, classifiers and models: preparing, training, sampling, measuring."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from flows.declaration import Declaration
from flows.declaration.models import Classifier, DenoisingModel, GenerativeModel
from flows.declaration.objectives import ConvNextNetwork, Sampler
from flows.declaration.studies import Guide
from flows.nodes.requests import Requests
from flows.nodes.work import cost_width, denoising_work, sampling_work, training_work
from tasks.store.node import JSON, Node


def data_name(dataset: str) -> str:
    return f"data/{dataset}"


def train_name(model: str) -> str:
    return f"train/{model}"


def checkpoint_name(kind: str, model: str, epoch: int) -> str:
    """Name of the node of `kind` ("sample", "denoise" or "evaluate") of one checkpoint."""
    return f"{kind}/{model}/epoch-{epoch:03d}"


def guidance_name(model: str, epoch: int, guidance_scale: float) -> str:
    return f"{checkpoint_name('evaluate', model, epoch)}/guidance-{guidance_scale:g}"


def data_node(declaration: Declaration, name: str) -> Node:
    dataset = declaration.datasets[name]
    params: dict[str, JSON] = {
        "dataset": name,
        **dataset.model_dump(mode="json", exclude={"title"}),
    }
    work = float(dataset.train_rows + dataset.test_rows)
    return Node(data_name(name), "data", params, seed=declaration.seeds.data, work=work)


def classifier_node(declaration: Declaration, name: str) -> Node:
    classifier = declaration.classifiers[name]
    rows = declaration.datasets[classifier.data].train_rows
    return Node(
        f"classifier/{name}",
        "classifier",
        {"width": classifier.width, **recipe(classifier)},
        {"data": data_name(classifier.data)},
        declaration.seeds.training,
        training_work(classifier, classifier.width, rows),
    )


def model_nodes(declaration: Declaration, name: str, requests: Requests) -> Iterator[Node]:
    """Training of one model, and everything made of its checkpoints."""
    model = declaration.models[name]
    rows = declaration.datasets[model.data].train_rows
    params = {
        **described(model),
        **recipe(model),
        "decay": model.decay,
        "ema_decay": model.ema_decay,
        "checkpoints": model.kept_epochs,
        **({"horizontal_flip": True} if model.horizontal_flip else {}),
        **({"optimizer": model.optimizer} if model.optimizer != "adam" else {}),
    }
    yield Node(
        train_name(name),
        "train",
        params,
        {"data": data_name(model.data)},
        declaration.seeds.training,
        training_work(model, cost_width(model.network), rows),
    )
    if isinstance(model, DenoisingModel):
        yield from _denoise_nodes(declaration, name, model, requests)
    else:
        yield from _sample_nodes(name, model, requests)
        yield from _evaluate_nodes(declaration, name, model)


def _denoise_nodes(
    declaration: Declaration, name: str, model: DenoisingModel, requests: Requests
) -> Iterator[Node]:
    sigmas = requests.sigmas_of(name)
    if model.measure is not None:
        sigmas.update(model.measure.sigmas)
    if model.objective.kind == "denoiser":
        sigmas.add(model.objective.sigma)
    else:
        sigmas.clear()
    for epoch in model.kept_epochs:
        node_name = checkpoint_name("denoise", name, epoch)
        wanted = requests.digits_of(node_name)
        if not wanted and model.measure is None:
            continue
        yield Node(
            node_name,
            "denoise",
            {
                "epoch": epoch,
                **described(model),
                "sigmas": sorted(sigmas),
                "requests": wanted,
            },
            {"model": train_name(name), "data": data_name(model.data)},
            declaration.seeds.evaluation,
            denoising_work(model, declaration.datasets[model.data].test_rows, len(sigmas)),
        )


def guidance_scale_of(model: GenerativeModel) -> float | None:
    """The scale samples are drawn with: 1, the plain conditional prediction, where a
    class-conditioned model declares none; None without classes."""
    if not model.is_class_conditioned:
        return None
    scale = model.sampler.guidance_scale
    return 1.0 if scale is None else scale


def _sample_nodes(name: str, model: GenerativeModel, requests: Requests) -> Iterator[Node]:
    scale = guidance_scale_of(model)
    for epoch in model.kept_epochs:
        node_name = checkpoint_name("sample", name, epoch)
        wanted = requests.grids_of(node_name)
        if not wanted:
            continue
        images = sum(request["rows"] * request["columns"] for request in wanted)
        yield Node(
            node_name,
            "sample",
            {**sampled(model, epoch, model.sampler, scale), "requests": wanted},
            {"model": train_name(name)},
            # Each grid draws from the seed of its figure.
            seed=0,
            work=sampling_work(model, images, scale),
        )


def _evaluate_nodes(declaration: Declaration, name: str, model: GenerativeModel) -> Iterator[Node]:
    if model.classifier is None or model.measure is None:
        return
    inputs = {
        "model": train_name(name),
        "classifier": f"classifier/{model.classifier}",
    }

    def node(node_name: str, epoch: int, scale: float | None, samples: int) -> Node:
        params = {**sampled(model, epoch, model.sampler, scale), "samples": samples}
        work = sampling_work(model, samples, scale)
        return Node(node_name, "evaluate", params, inputs, declaration.seeds.evaluation, work)

    for epoch in model.kept_epochs:
        scale = guidance_scale_of(model)
        yield node(checkpoint_name("evaluate", name, epoch), epoch, scale, model.measure.samples)
    last = model.kept_epochs[-1]
    for scale in model.measure.guidance_scales:
        yield node(guidance_name(name, last, scale), last, scale, model.measure.sweep_samples)


def described(model: DenoisingModel | GenerativeModel) -> dict[str, JSON]:
    """Network and objective; with the same keys for every network of the course."""
    network = plain(model.network)
    if not isinstance(model.network, ConvNextNetwork):
        network = {"time_conditioning": "none", "num_classes": 0, **network}
    return {"network": network, "objective": plain(model.objective)}


def recipe(trained: Classifier | DenoisingModel | GenerativeModel | Guide) -> dict[str, JSON]:
    return {
        "batch_size": trained.batch_size,
        "epochs": trained.epochs,
        "learning_rate": trained.learning_rate,
        "steps_per_epoch": trained.steps_per_epoch,
        "max_shift": trained.max_shift,
    }


def augmentation(model: GenerativeModel) -> dict[str, JSON]:
    """How the images that the model is trained on differ from those of its data; empty if they
    do not."""
    drawn = {"max_shift": model.max_shift, "horizontal_flip": model.horizontal_flip}
    return {name: value for name, value in drawn.items() if value}


def sampled(
    model: GenerativeModel, epoch: int, sampler: Sampler, guidance_scale: float | None
) -> dict[str, JSON]:
    """Parameters of nodes that sample a checkpoint. steps of the sampler is null for ancestral
    sampling, which takes every timestep of its objective."""
    return {
        "epoch": epoch,
        **described(model),
        "sampler": {"steps": None, **plain(sampler), "guidance_scale": guidance_scale},
    }


def plain(section: BaseModel) -> dict[str, Any]:
    """A section of the declaration as plain JSON values."""
    return section.model_dump(mode="json")
