"""Evidence for claims of the annotated-diffusion write-up."""

from __future__ import annotations

from flows.claims.evidence import Evidence, NotShown, WriteUp
from flows.declaration.models import GenerativeModel
from flows.declaration.studies import Study
from flows.figures.annotated.guidance_curve import GuidanceCurve
from flows.figures.annotated.reported_loss import ReportedLoss
from flows.figures.annotated.ways import Ways
from flows.figures.trained.samples import Samples
from flows.nodes.model_nodes import plain, train_name
from flows.nodes.study_nodes import guided_name, way_name
from tasks.store.node import JSON


def fashion_loss(writeup: WriteUp) -> Evidence:
    """An entry, the training: node, model, epochs, loss (its kind)."""
    found = writeup.some(ReportedLoss, "the training loss")
    entries = []
    for _, panel in found:
        model = writeup.declaration.models[panel.model]
        entries.append(
            {
                "node": train_name(panel.model),
                "model": panel.model,
                "epochs": model.epochs,
                "loss": getattr(model.objective, "loss", model.objective.kind),
            }
        )
    return Evidence(entries, [shown.figure_id for shown, _ in found])


def classifier_guidance_limits(writeup: WriteUp) -> Evidence:
    """An entry a scale under each guidance: node, guidance, scale."""
    found = writeup.some(GuidanceCurve, "guidance by a classifier and without one")
    entries = [
        {
            "node": guided_name(panel.guide, guidance, scale),
            "guidance": guidance,
            "scale": scale,
        }
        for _, panel in found[:1]
        for guidance in ("classifier", "classifier_free")
        for scale in sorted(writeup.declaration.guides[panel.guide].guidance_scales)
    ]
    return Evidence(entries, [shown.figure_id for shown, _ in found[:1]])


def drift_prior(writeup: WriteUp) -> Evidence:
    """An entry a model, sampled from N(0, I) and from the matched start: plain and matched (nodes),
    model, objective. Models are those of the write-up's studies of the start, or, without any,
    those that its figures show by their samples and that some study of the start samples."""
    studies = {
        name: study
        for name, study in writeup.declaration.studies.items()
        if {way.start for way in study.ways} == {"noise", "matched"}
    }
    entries: list[dict[str, JSON]] = []
    figures: list[str] = []
    for shown, panel in writeup.shown((Ways, Samples)):
        chosen = [
            study
            for name, study in studies.items()
            if (isinstance(panel, Ways) and panel.study == name)
            or (isinstance(panel, Samples) and panel.model == study.model)
        ]
        for study in chosen:
            if study.model not in [entry["model"] for entry in entries]:
                entries.append(_starts(writeup, study))
                figures.append(shown.figure_id)
    if not entries:
        raise NotShown("no model of this write-up is sampled from a matched start")
    return Evidence(entries, figures)


def _starts(writeup: WriteUp, study: Study) -> dict[str, JSON]:
    model = writeup.declaration.models[study.model]
    assert isinstance(model, GenerativeModel)
    ways = {way.start: way_name(study.model, model, way) for way in study.ways}
    return {
        "plain": ways["noise"],
        "matched": ways["matched"],
        "model": study.model,
        "objective": plain(model.objective),
    }
