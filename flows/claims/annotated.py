"""Evidence for claims of the annotated-diffusion write-up."""

from __future__ import annotations

from typing import Any

from flows.claims.evidence import Evidence, NodeName, NotShown, Shown, WriteUp, gathers
from flows.declaration.models import GenerativeModel
from flows.declaration.studies import Study
from flows.figures.annotated.guidance_curve import GuidanceCurve
from flows.figures.annotated.reported_loss import ReportedLoss
from flows.figures.annotated.ways import Ways
from flows.figures.trained.samples import Samples
from flows.nodes.model_nodes import plain, train_name
from flows.nodes.study_nodes import guided_name, way_name
from tasks.store.node import JSON


@gathers
def fashion_loss(writeup: WriteUp) -> Evidence:
    """An entry, the training: node, model, epochs, loss (its kind)."""
    found = writeup.shown(ReportedLoss, "the training loss")
    entries = [
        {
            "node": NodeName(train_name(name)),
            "model": name,
            "epochs": model.epochs,
            "loss": getattr(model.objective, "loss", model.objective.kind),
        }
        for name, model in (
            (shown.panel.model, writeup.declaration.models[shown.panel.model]) for shown in found
        )
    ]
    return Evidence(entries, found)


@gathers
def classifier_guidance_limits(writeup: WriteUp) -> Evidence:
    """An entry a scale under each guidance: node, guidance, scale."""
    found = writeup.shown(GuidanceCurve, "guidance by a classifier and without one")[:1]
    entries = [
        {
            "node": NodeName(guided_name(shown.panel.guide, guidance, scale)),
            "guidance": guidance,
            "scale": scale,
        }
        for shown in found
        for guidance in ("classifier", "classifier_free")
        for scale in sorted(writeup.declaration.guides[shown.panel.guide].guidance_scales)
    ]
    return Evidence(entries, found)


@gathers
def drift_prior(writeup: WriteUp) -> Evidence:
    """An entry a model, sampled from N(0, I) and from the matched start: plain and matched (nodes),
    model, objective. Models are those of the write-up's studies of the start, or, without any,
    those that its figures show by their samples and that some study of the start samples."""
    studies = {
        name: study
        for name, study in writeup.declaration.studies.items()
        if {way.start for way in study.ways} == {"noise", "matched"}
    }
    entries: dict[str, dict[str, JSON]] = {}
    panels: list[Shown[Any]] = []
    for shown in writeup.panels((Ways, Samples)):
        panel: Any = shown.panel
        for name, study in studies.items():
            of_panel = (
                panel.study == name if isinstance(panel, Ways) else panel.model == study.model
            )
            if of_panel and study.model not in entries:
                entries[study.model] = _starts(writeup, study)
                panels.append(shown)
    if not entries:
        raise NotShown("no model of this write-up is sampled from a matched start")
    return Evidence(list(entries.values()), panels)


def _starts(writeup: WriteUp, study: Study) -> dict[str, JSON]:
    model = writeup.declaration.models[study.model]
    assert isinstance(model, GenerativeModel)
    ways = {way.start: NodeName(way_name(study.model, model, way)) for way in study.ways}
    return {
        "plain": ways["noise"],
        "matched": ways["matched"],
        "model": study.model,
        "objective": plain(model.objective),
    }
