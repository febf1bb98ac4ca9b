"""Nodes of studies and guides: each way of sampling once, with the grids that figures want."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from flows.declaration import Declaration
from flows.declaration.models import GenerativeModel
from flows.declaration.objectives import Sampler
from flows.declaration.studies import Guide, Study, Way
from flows.nodes.model_nodes import (
    augmentation,
    checkpoint_name,
    data_name,
    guidance_scale_of,
    plain,
    recipe,
    sampled,
    train_name,
)
from flows.nodes.requests import Requests
from flows.nodes.work import evaluations_of, sampling_work, training_work
from tasks.store.node import Node

CLASSES = 10


def guide_name(guide: str) -> str:
    return f"guide/{guide}"


def way_title(model: GenerativeModel, way: Way) -> str:
    """ "ancestral, 200 steps", "DDIM, 10 steps, matched start"."""
    sampler = way.sampler or model.sampler
    name = "DDIM" if sampler.method == "ddim" else sampler.method
    name = "ancestral" if sampler.method == "ddpm" else name
    parts = [name, f"{evaluations_of(model, sampler)} steps"]
    if sampler.method == "ddim" and sampler.eta:
        parts.append(f"eta {sampler.eta:g}")
    return ", ".join([*parts, *(["matched start"] if way.start == "matched" else [])])


def way_name(model_name: str, model: GenerativeModel, way: Way) -> str:
    """Name of the node that samples the last checkpoint of a model in one way."""
    sampler = way.sampler or model.sampler
    slug = f"{sampler.method}-{evaluations_of(model, sampler)}"
    if sampler.method == "ddim" and sampler.eta:
        slug += f"-eta-{sampler.eta:g}"
    if sampler.guidance_scale is not None:
        slug += f"-guidance-{sampler.guidance_scale:g}"
    if way.start == "matched":
        slug += "-matched"
    return f"{checkpoint_name('variant', model_name, model.kept_epochs[-1])}/{slug}"


def guided_name(guide_name: str, guidance: str, scale: float) -> str:
    """Name of the node that samples under one guidance at one scale; at 0 both are one."""
    slug = "unguided" if scale == 0 else f"{guidance.replace('_', '-')}-{scale:g}"
    return f"variant/{guide_name}/{slug}"


def study_nodes(declaration: Declaration, requests: Requests) -> Iterator[Node]:
    """Nodes of every study and guide of the declaration, each once."""
    made: dict[str, Node] = {}
    for study in declaration.studies.values():
        for way in study.ways:
            node = _way_node(declaration, study, way, requests)
            # Two studies of one model may share a way; the larger one's samples serve both.
            if node.name not in made or made[node.name].params["samples"] < study.samples:
                made[node.name] = node
    yield from made.values()
    for name, guide in declaration.guides.items():
        yield _guide_node(declaration, name, guide)
        yield from _guided_nodes(declaration, name, guide, requests)


def _way_node(declaration: Declaration, study: Study, way: Way, requests: Requests) -> Node:
    model = generative(declaration, study.model)
    scale = guidance_scale_of(model)
    sampler = way.sampler or model.sampler
    if model.is_class_conditioned and sampler.guidance_scale is not None:
        scale = sampler.guidance_scale
    name = way_name(study.model, model, way)
    node = _variant_node(declaration, requests, name, study, sampler, scale, scale)
    params = {"start": way.start, "guidance": "classifier_free"}
    if way.start == "matched":
        params |= augmentation(model)
    return replace(node, params={**node.params, **params})


def _guide_node(declaration: Declaration, name: str, guide: Guide) -> Node:
    model = generative(declaration, guide.model)
    rows = declaration.datasets[model.data].train_rows
    params = {
        "width": guide.width,
        "objective": {**plain(model.objective), "p_uncond": 0.0},
        **recipe(guide),
        "horizontal_flip": model.horizontal_flip,
    }
    inputs = {"data": data_name(model.data), "classifier": f"classifier/{guide.classifier}"}
    work = training_work(guide, guide.width, rows)
    return Node(guide_name(name), "guide", params, inputs, declaration.seeds.training, work)


def _guided_nodes(
    declaration: Declaration, name: str, guide: Guide, requests: Requests
) -> Iterator[Node]:
    sampler = guide.sampler or generative(declaration, guide.model).sampler
    made: set[str] = set()
    for scale in sorted(guide.guidance_scales):
        for guidance in ("classifier", "classifier_free"):
            node_name = guided_name(name, guidance, scale)
            if node_name in made:
                continue
            made.add(node_name)
            # A scale of 1 takes the network twice here, as every scale but 0 does.
            rows = 2.0 if scale else 0.0
            node = _variant_node(declaration, requests, node_name, guide, sampler, scale, rows)
            led_by = guidance if scale else "classifier_free"
            inputs = {"guide": guide_name(name)} if led_by == "classifier" else {}
            yield replace(
                node,
                params={**node.params, "start": "noise", "guidance": led_by},
                inputs={**node.inputs, **inputs},
            )


def _variant_node(
    declaration: Declaration,
    requests: Requests,
    name: str,
    made: Study | Guide,
    sampler: Sampler,
    scale: float | None,
    work_scale: float | None,
) -> Node:
    """The last checkpoint of the model of a study or guide, sampled in some way; its start and its
    guidance are left to add."""
    model = generative(declaration, made.model)
    params = {
        **sampled(model, model.kept_epochs[-1], sampler, scale),
        "samples": made.samples,
        "requests": requests.grids_of(name),
    }
    inputs = {
        "model": train_name(made.model),
        "classifier": f"classifier/{made.classifier}",
        "data": data_name(model.data),
    }
    work = sampling_work(model, made.samples, work_scale, sampler)
    return Node(name, "variant", params, inputs, declaration.seeds.evaluation, work)


def generative(declaration: Declaration, name: str) -> GenerativeModel:
    """The declared model of that name, which studies and guides are checked to have."""
    model = declaration.models[name]
    assert isinstance(model, GenerativeModel)
    return model
