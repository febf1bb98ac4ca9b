"""Claims on prompts: how well pictures fit them, as the similarity model sees it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tasks.claims.definitions import claim
from tasks.claims.evidence import FIT, Evidence, Measured
from tasks.claims.finding import Finding, NotMeasurable
from tasks.claims.statistics import bootstrap, mean, rank_correlation
from tasks.store.node import JSON

if TYPE_CHECKING:
    from torch import Tensor

CLAIMED_VIEWS: tuple[dict[str, JSON], ...] = (
    {"name": "skew"},
    {"name": "flip"},
    {"name": "rotate_90_cw"},
    {"name": "rotate_180"},
    {"name": "negate"},
)
"""Column roll, flip, rotation and negation."""


@claim
def steps_help(evidence: Evidence) -> Finding:
    """Prompt alignment over step counts, for every prompt and seed: the first increase is above 0
    with its whole interval, and the last increase is smaller than the first."""
    rows = evidence.rows("prompt", "seed", "steps", alignment=FIT)
    counts = sorted({row["steps"] for row in rows})
    seeds = sorted({row["seed"] for row in rows})
    if len(counts) < 3:
        raise NotMeasurable("fewer than three step counts are shown, so there is one increase")
    if len(seeds) < 2:
        raise NotMeasurable("there is a single seed; give the claim more_seeds")
    aligned = {(r["prompt"], r["seed"], r["steps"]): r["alignment"] for r in rows}
    units = dict.fromkeys((row["prompt"], row["seed"]) for row in rows)
    table = np.array([[aligned[(*unit, steps)] for steps in counts] for unit in units])
    increases = np.diff(table, axis=1)
    first, last = float(increases[:, 0].mean()), float(increases[:, -1].mean())
    interval = bootstrap("the first increase", [increases[:, 0]], np.mean, evidence.seed)
    means = ", ".join(f"{v:.3f} with {n}" for n, v in zip(counts, table.mean(axis=0), strict=True))
    return Finding(
        holds=interval.low > 0 and last < first,
        because=f"alignment is {means} steps: the first increase is {first:+.3f} "
        f"({interval.low:+.3f} to {interval.high:+.3f}), the last {last:+.3f}",
        numbers={
            **{
                f"alignment, {steps} steps": float(value)
                for steps, value in zip(counts, table.mean(axis=0), strict=True)
            },
            "first increase": first,
            "last increase": last,
        },
        seeds=len(seeds),
        intervals=[interval],
        measured=rows,
    )


@claim
def cfg_better(evidence: Evidence) -> Finding:
    """Prompt alignment, and mean distance between two samples (root mean square, in [-1, 1]), with
    guidance and without: alignment higher, distance lower."""
    rows = evidence.rows("prompt", "seed", "guided", alignment=FIT)
    aligned: dict[bool, Any] = {}
    apart: dict[bool, float] = {}
    for guided in (False, True):
        chosen = [entry for entry in evidence.entries if entry["guided"] is guided]
        aligned[guided] = np.array([r["alignment"] for r in rows if r["guided"] is guided])
        pictures = [
            np.clip(evidence.arrays(entry["node"], "trajectory.safetensors")["image"], -1, 1)
            for entry in chosen
        ]
        if len(pictures) < 2:
            raise NotMeasurable("fewer than two samples have no distance")
        pairs = combinations(pictures, 2)
        apart[guided] = mean([float(np.sqrt(np.mean((x - y) ** 2))) for x, y in pairs])
    interval = bootstrap(
        "the gain in alignment",
        [aligned[True], aligned[False]],
        lambda x, y: float(x.mean() - y.mean()),
        evidence.seed,
        "guidance",
    )
    gain = float(aligned[True].mean() - aligned[False].mean())
    return Finding(
        holds=gain > 0 and apart[True] < apart[False],
        because=f"guidance changes alignment by {gain:+.3f}, and the mean distance from "
        f"{apart[False]:.3f} to {apart[True]:.3f}",
        numbers={
            "alignment, guided": float(aligned[True].mean()),
            "alignment, not guided": float(aligned[False].mean()),
            "mean distance, guided": apart[True],
            "mean distance, not guided": apart[False],
        },
        seeds=len({row["seed"] for row in rows}),
        intervals=[interval],
        measured=rows,
    )


@claim
def texti2i_trade(evidence: Evidence) -> Finding:
    """Rank correlations of i_start with prompt alignment and with the distance to the original,
    each the mean over edits: both negative."""
    rows = evidence.rows("image", "prompt", "i_start", alignment=FIT, distance="distance_to_image")
    edits = list(dict.fromkeys((row["image"], row["prompt"]) for row in rows))
    of_edits = [[r for r in rows if (r["image"], r["prompt"]) == edit] for edit in edits]
    found = {
        measure: [
            rank_correlation([r["i_start"] for r in edit], [r[measure] for r in edit])
            for edit in of_edits
        ]
        for measure in ("alignment", "distance")
    }
    alignment, distance = mean(found["alignment"]), mean(found["distance"])
    return Finding(
        holds=alignment < 0 and distance < 0,
        because=f"over {len(edits)} edits the mean rank correlation of i_start with alignment is "
        f"{alignment:+.2f}, with the distance {distance:+.2f}",
        numbers={"correlation with alignment": alignment, "correlation with distance": distance},
        seeds=evidence.count_seeds(),
        measured=rows,
    )


@claim
def anagram_both(evidence: Evidence) -> Finding:
    """Similarity of each view of the picture to each prompt: the largest of each view on the
    diagonal, for every anagram that is shown; those by the plain mean beside one shown by another
    rule are told, and decide nothing. Alignment A and concealment C as in Visual Anagrams, section
    4.1, at the similarity model's own temperature."""
    rows: list[Measured] = []
    for number, entry in enumerate(evidence.entries):
        scores = np.array(
            [
                [evidence.similarities[2 * number + view, text] for text in entry["prompts"]]
                for view in (0, 1)
            ]
        )
        alignment, concealment = illusion_of(scores, evidence.logit_scale)
        rows.append(
            {
                "anagram": number + 1,
                "prompts": " / ".join(entry["prompts"]),
                "view": entry["view"]["name"],
                **({"rule": "mean"} if "is_plain" in entry else {}),
                "is_both": bool((scores.argmax(axis=1) == np.arange(2)).all()),
                "alignment": alignment,
                "concealment": concealment,
            }
        )
    own = [row for row in rows if "rule" not in row]
    by_mean = [row for row in rows if "rule" in row]
    shown = sum(row["is_both"] for row in own)
    alignment = mean([row["alignment"] for row in own])
    concealment = mean([row["concealment"] for row in own])
    numbers = {
        "anagrams that show both": float(shown),
        "anagrams": float(len(own)),
        "mean alignment A": alignment,
        "mean concealment C": concealment,
    }
    because = (
        f"{shown} of {len(own)} anagrams fit their own prompt better in both views; "
        f"mean A = {alignment:.3f}, mean C = {concealment:.2f}"
    )
    if by_mean:
        plain = sum(row["is_both"] for row in by_mean)
        numbers["by the plain mean that show both"] = float(plain)
        numbers["by the plain mean, mean alignment A"] = mean([r["alignment"] for r in by_mean])
        because += f"; by the plain mean of both estimates {plain} of {len(by_mean)}"
    return Finding(
        holds=shown == len(own),
        because=because,
        numbers=numbers,
        seeds=evidence.count_seeds(),
        measured=rows,
    )


@claim
def hybrid_both(evidence: Evidence) -> Finding:
    """Similarity of the picture at full size and scaled down to both prompts: the near prompt
    preferred at full size and the far one when small, for every hybrid."""
    rows: list[Measured] = []
    for number, entry in enumerate(evidence.entries):
        near, far = (
            evidence.similarities[2 * number + place, entry["near"]]
            - evidence.similarities[2 * number + place, entry["far"]]
            for place in (0, 1)
        )
        rows.append(
            {
                "hybrid": number + 1,
                **{field: entry[field] for field in ("near", "far", "side")},
                "preference_near": near,
                "preference_far": far,
                "is_both": near > 0 > far,
            }
        )
    shown = sum(row["is_both"] for row in rows)
    near, far = (mean([row[f"preference_{at}"] for row in rows]) for at in ("near", "far"))
    return Finding(
        holds=shown == len(rows),
        because=f"{shown} of {len(rows)} hybrids change from the near prompt to the far one; the "
        f"mean preference for the near one is {near:+.3f} at full size, {far:+.3f} when small",
        numbers={
            "hybrids that change": float(shown),
            "hybrids": float(len(rows)),
            "preference for near, full size": near,
            "preference for near, small": far,
        },
        seeds=evidence.count_seeds(),
        measured=rows,
    )


@claim
def views_orthogonal(evidence: Evidence) -> Finding:
    """Norm of view(x) and inverse_view(view(x)) - x, for the claim's four kinds of view and those
    of the anagrams, on the anagrams' pictures: the norm kept and the difference 0, exactly."""
    rows: list[Measured] = [
        {"picture": number, "view": name, "difference": difference, "norm_change": change}
        for number, entry in enumerate(evidence.entries)
        for name, difference, change in view_errors(evidence.picture(entry["node"]), entry["view"])
    ]
    difference = max(row["difference"] for row in rows)
    change = max(row["norm_change"] for row in rows)
    views = len({row["view"] for row in rows})
    return Finding(
        holds=difference == 0 and change == 0,
        because=f"of {views} views the largest difference is {difference:g}, the largest change "
        f"of a norm {change:g}",
        numbers={"largest difference": difference, "largest change of the norm": change},
        seeds=evidence.count_seeds(),
        measured=rows,
    )


def illusion_of(scores: NDArray[np.floating], logit_scale: float) -> tuple[float, float]:
    """Alignment A and concealment C of similarities [views, prompts]."""
    import torch

    from tasks.diffusion.measures import illusion_scores

    found = illusion_scores(torch.from_numpy(scores), 1 / logit_scale)
    return found.alignment, found.concealment


def view_errors(picture: NDArray[np.uint8], own: JSON) -> Iterator[tuple[str, float, float]]:
    """For the claimed views and the picture's own: name, the largest |inverse(view(x)) - x|, and
    | |view(x)| - |x| |. picture: [S, S, 3]."""
    import torch

    from tasks.diffusion.views import view_from_params

    x = torch.from_numpy(np.array(picture)).permute(2, 0, 1).double() / 127.5 - 1
    views = {view["name"]: view for view in CLAIMED_VIEWS} | {own["name"]: own}
    for name, params in views.items():
        view = view_from_params(params, x.shape[-1])
        seen = view.apply(x)
        difference = float((view.invert(seen) - x).abs().max())
        yield name, difference, abs(_norm(seen) - _norm(x))


def _norm(x: Tensor) -> float:
    """Rounded once: the order of the pixels, which a view changes, must not show in it."""
    return math.sqrt(math.fsum(x.square().flatten().tolist()))
