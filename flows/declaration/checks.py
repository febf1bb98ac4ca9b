"""What one value of a declaration must be, given the others: names that exist, sizes that fit."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from flows.declaration.annotated_checks import check_guides, check_network, check_studies
from flows.declaration.backend_checks import check_backends
from flows.declaration.claim_checks import check_claims
from flows.declaration.document import Declaration
from flows.declaration.messages import Problem, show_value
from flows.declaration.models import Classifier, DenoisingModel, GenerativeModel
from flows.declaration.nearest import nearest
from flows.declaration.noise_checks import check_noise
from flows.declaration.references import check_distinct, check_name
from flows.declaration.schedule_checks import check_schedules


def check_declaration(declaration: Declaration) -> list[Problem]:
    """Every problem that only shows when values are seen together; empty if there is none."""
    return [
        *_check_classifiers(declaration),
        *_check_models(declaration),
        *check_studies(declaration),
        *check_guides(declaration),
        *_check_figures(declaration),
        *_check_pipelines(declaration),
        *check_name(
            ("default_profile",), declaration.default_profile, declaration.profiles, "profile"
        ),
        *check_backends(declaration),
        *check_claims(declaration),
        *check_schedules(declaration),
    ]


def _check_classifiers(declaration: Declaration) -> Iterator[Problem]:
    for name, classifier in declaration.classifiers.items():
        path = ("classifiers", name)
        yield from check_name((*path, "data"), classifier.data, declaration.datasets, "data set")
        yield from _check_batch(declaration, path, classifier)


def _check_batch(
    declaration: Declaration,
    path: tuple[str, ...],
    trained: Classifier | DenoisingModel | GenerativeModel,
) -> Iterator[Problem]:
    dataset = declaration.datasets.get(trained.data)
    if dataset is not None and trained.batch_size > dataset.train_rows:
        yield Problem(
            (*path, "batch_size"),
            f"is {trained.batch_size}; expected at most {dataset.train_rows}, "
            f"the training images of {trained.data}",
        )


def _check_models(declaration: Declaration) -> Iterator[Problem]:
    for name, model in declaration.models.items():
        path = ("models", name)
        yield from check_name((*path, "data"), model.data, declaration.datasets, "data set")
        yield from _check_batch(declaration, path, model)
        yield from _check_checkpoints(path, model)
        if isinstance(model, GenerativeModel):
            yield from check_network(path, model)
            if model.objective.kind != "flow_matching":
                yield from check_noise((*path, "objective"), model.objective)
            yield from _check_guidance(path, model)
            yield from _check_measure(declaration, path, model)
        elif model.measure is not None:
            yield from check_distinct((*path, "measure", "sigmas"), model.measure.sigmas)


def _check_checkpoints(
    path: tuple[str, ...], model: DenoisingModel | GenerativeModel
) -> Iterator[Problem]:
    if model.checkpoints is None:
        return
    yield from check_distinct((*path, "checkpoints"), model.checkpoints)
    beyond = [epoch for epoch in model.checkpoints if epoch > model.epochs]
    if beyond:
        within = sorted({e for e in model.checkpoints if e < model.epochs} | {model.epochs})
        fix = ",".join(map(str, within))
        yield Problem(
            (*path, "checkpoints"),
            f"is {show_value(model.checkpoints)}, but training ends after epoch {model.epochs}; "
            f"expected epochs up to {model.epochs} (--set {'.'.join(path)}.checkpoints=[{fix}] "
            f"or --set {'.'.join(path)}.epochs={max(beyond)})",
        )


def _check_guidance(path: tuple[str, ...], model: GenerativeModel) -> Iterator[Problem]:
    scales = model.measure.guidance_scales if model.measure is not None else []
    scale = model.sampler.guidance_scale
    if model.is_class_conditioned:
        if model.objective.p_uncond == 0 and (scale not in (None, 1.0) or scales):
            yield Problem(
                (*path, "objective", "p_uncond"),
                "is 0, but guidance needs a network that has also seen no class; "
                "expected more than 0 (the write-ups use 0.1)",
            )
        return
    needs = "needs a class-conditioned model (network.num_classes: 10)"
    if model.objective.p_uncond > 0:
        text = f"is {model.objective.p_uncond:g}, which {needs}; expected 0"
        yield Problem((*path, "objective", "p_uncond"), text)
    if scales:
        text = f"is {show_value(scales)}, which {needs}; expected []"
        yield Problem((*path, "measure", "guidance_scales"), text)


def _check_measure(
    declaration: Declaration, path: tuple[str, ...], model: GenerativeModel
) -> Iterator[Problem]:
    if (model.classifier is None) != (model.measure is None):
        given, absent = "classifier", "measure"
        if model.classifier is None:
            given, absent = absent, given
        yield Problem((*path, absent), f"is missing; {given} needs it, or leave out both")
    if model.measure is not None:
        yield from check_distinct(
            (*path, "measure", "guidance_scales"),
            [f"{scale:g}" for scale in model.measure.guidance_scales],
        )
    if model.classifier is None:
        return
    yield from check_name(
        (*path, "classifier"), model.classifier, declaration.classifiers, "classifier"
    )
    classifier = declaration.classifiers.get(model.classifier)
    if classifier is not None and classifier.data != model.data:
        yield Problem(
            (*path, "classifier"),
            f'is "{model.classifier}", trained on {classifier.data}, but this model is trained on '
            f"{model.data}, so its samples cannot be measured by it; expected a classifier of "
            f"{model.data} (--set classifiers.{model.classifier}.data={model.data})",
        )


def _check_figures(declaration: Declaration) -> Iterator[Problem]:
    for figure_id, figure in declaration.figures.items():
        seen: set[str] = set()
        for index, panel in enumerate(figure.panels):
            path = ("figures", figure_id, "panels", str(index))
            taken = seen.intersection(panel.drawn_ids())
            if taken:
                where = "id" if panel.id is not None else "plot"
                drawn = "" if panel.name in taken else f', which is drawn as "{min(taken)}"'
                yield Problem(
                    (*path, where),
                    f'is "{panel.name}"{drawn}, as is another panel of the figure; '
                    "expected an id of its own (id: ...)",
                )
            seen.update(panel.drawn_ids())
            yield from panel.problems(declaration, path)


def _check_pipelines(declaration: Declaration) -> Iterator[Problem]:
    for name, pipeline in declaration.pipelines.items():
        for index, glob in enumerate(pipeline.figures):
            if not any(fnmatchcase(figure, glob) for figure in declaration.figures):
                near = nearest(glob.replace("*", ""), declaration.figures)
                hint = f"; nearest: {', '.join(near)}" if near else ""
                yield Problem(
                    ("pipelines", name, "figures", str(index)),
                    f"is {show_value(glob)}, which matches no figure{hint}",
                )
