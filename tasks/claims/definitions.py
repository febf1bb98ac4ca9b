"""What each claim of the write-ups means here: what is measured, and when the claim holds.

One function a claim, in the order of the write-ups, from the evidence that its figures leave (the
entries of each: flows/expand/claims) to a finding. Limits such as 0.95 are the claims' own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from tasks.claims.evidence import Entry, Evidence
from tasks.claims.finding import Finding, Interval, NotMeasurable
from tasks.claims.measures import (
    LONG_SCHEDULE,
    frechet_of,
    illusion_of,
    laplacian_variance,
    terminal_ratio,
    view_errors,
)
from tasks.claims.statistics import (
    LEVEL,
    RESAMPLES,
    bootstrap,
    chance,
    falls_strictly,
    mean,
    never_rises,
    rank_correlation,
    rises_strictly,
)

Definition = Callable[[Evidence], Finding]
Measured = dict[str, Any]
"""A row of what was measured."""

CLAIMS: dict[str, Definition] = {}
"""Id to definition."""

FRECHET_RESAMPLES = 200
"""Each fits and compares covariances."""


def claim(claim_id: str) -> Callable[[Definition], Definition]:
    def register(definition: Definition) -> Definition:
        CLAIMS[claim_id] = definition
        return definition

    return register


@claim("forward-noise")
def forward_noise(evidence: Evidence) -> Finding:
    """PSNR of x_t against the original at each t: strictly decreasing."""
    return _falls_with_t(evidence, "x_t")


@claim("blur-fails")
def blur_fails(evidence: Evidence) -> Finding:
    """PSNR of the best of many Gaussian blurs and of the one-step estimate at each t: the estimate
    above the blur at every t."""
    rows: list[Measured] = [
        {
            "t": t,
            "best_blur": evidence.metric(entry, f"best_psnr_{t}", "blurred"),
            "one_step": evidence.metric(entry, f"psnr_{t}", "one_step"),
        }
        for entry in evidence.entries
        for t in entry["timesteps"]
    ]
    behind = [row["t"] for row in rows if row["one_step"] <= row["best_blur"]]
    least = min(row["one_step"] - row["best_blur"] for row in rows)
    return Finding(
        holds=not behind,
        because=f"one step is ahead by {least:.2f} dB or more at every t"
        if not behind
        else f"the best blur is as good or better at t = {_listed(behind)}",
        numbers={
            f"{name} at t = {row['t']} (dB)": row[column]
            for row in rows
            for name, column in (("one step", "one_step"), ("best blur", "best_blur"))
        },
        seeds=evidence.count_seeds("blurred"),
        measured=rows,
    )


@claim("onestep-degrades")
def onestep_degrades(evidence: Evidence) -> Finding:
    """PSNR of the one-step estimate over t: strictly decreasing."""
    return _falls_with_t(evidence, "the estimate")


def _falls_with_t(evidence: Evidence, what: str) -> Finding:
    rows: list[Measured] = [
        {"series": number, "t": t, "psnr": evidence.metric(entry, f"psnr_{t}")}
        for number, entry in enumerate(evidence.entries)
        for t in sorted(entry["timesteps"])
    ]
    series = [
        [row["psnr"] for row in rows if row["series"] == number]
        for number in range(len(evidence.entries))
    ]
    if max(map(len, series)) < 2:
        raise NotMeasurable("a single timestep is shown")
    values = ", ".join(f"{row['psnr']:.2f} at t = {row['t']}" for row in rows)
    return Finding(
        holds=all(map(falls_strictly, series)),
        because=f"the PSNR of {what} in dB is {values}",
        numbers={f"PSNR at t = {row['t']} (dB)": row["psnr"] for row in rows},
        seeds=evidence.count_seeds(),
        measured=rows,
    )


@claim("iterative-sharper")
def iterative_sharper(evidence: Evidence) -> Finding:
    """Variance of the Laplacian over that of the original: after iterative denoising closer to 1
    than after one step and after the blur that the figure shows."""
    rows: list[Measured] = []
    for entry in evidence.entries:
        clean = evidence.arrays(entry["noisy"], "noisy.safetensors")["clean"]
        made = {
            "iterative": evidence.arrays(entry["iterative"], "trajectory.safetensors")["image"],
            "one step": evidence.arrays(entry["one_step"], "estimate.safetensors")["estimate"][0],
            "blur": evidence.arrays(entry["blurred"], "blurred.safetensors")["blurred"][0],
        }
        original = laplacian_variance(clean)
        if original == 0:
            raise NotMeasurable("the original has no detail at all")
        rows += [
            {"t": entry["timestep"], "method": name, "ratio": laplacian_variance(x) / original}
            for name, x in made.items()
        ]
    ratio = {name: mean([r["ratio"] for r in rows if r["method"] == name]) for name in made}
    others = min(abs(ratio["one step"] - 1), abs(ratio["blur"] - 1))
    values = ", ".join(f"{value:.2f} ({name})" for name, value in ratio.items())
    return Finding(
        holds=abs(ratio["iterative"] - 1) < others,
        because=f"relative to the original it is {values}",
        numbers={f"Laplacian variance, {name}": value for name, value in ratio.items()},
        seeds=evidence.count_seeds("iterative"),
        measured=rows,
    )


@claim("steps-help")
def steps_help(evidence: Evidence) -> Finding:
    """Prompt alignment over step counts, for every prompt and seed: the first increase is above 0
    with its whole interval, and the last increase is smaller than the first."""
    rows: list[Measured] = [
        {**_only(entry, "prompt", "seed", "steps"), "alignment": evidence.fit(number)}
        for number, entry in enumerate(evidence.entries)
    ]
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
    interval = _mean_interval(evidence, "the first increase", increases[:, 0])
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


@claim("cfg-better")
def cfg_better(evidence: Evidence) -> Finding:
    """Prompt alignment, and mean distance between two samples (root mean square, in [-1, 1]), with
    guidance and without: alignment higher, distance lower."""
    rows: list[Measured] = [
        {**_only(entry, "prompt", "seed", "guided"), "alignment": evidence.fit(number)}
        for number, entry in enumerate(evidence.entries)
    ]
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
    low, high = bootstrap(
        [aligned[True], aligned[False]],
        lambda x, y: float(x.mean() - y.mean()),
        chance(evidence.seed, "guidance"),
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
        intervals=[Interval("the gain in alignment", low, high, LEVEL, RESAMPLES, evidence.seed)],
        measured=rows,
    )


@claim("sdedit-faithful")
def sdedit_faithful(evidence: Evidence) -> Finding:
    """Root mean square distance to the original over i_start: non-increasing, for every image."""
    rows: list[Measured] = [
        {
            **_only(entry, "image", "i_start"),
            "distance": evidence.metric(entry, "distance_to_image"),
        }
        for entry in evidence.entries
    ]
    rows.sort(key=lambda row: (row["image"], row["i_start"]))
    images = list(dict.fromkeys(row["image"] for row in rows))
    starts = sorted({row["i_start"] for row in rows})
    if len(starts) < 2:
        raise NotMeasurable("a single i_start is shown")
    rising = [
        image
        for image in images
        if not never_rises([row["distance"] for row in rows if row["image"] == image])
    ]
    at = {i: mean([row["distance"] for row in rows if row["i_start"] == i]) for i in starts}
    return Finding(
        holds=not rising,
        because=f"the mean distance goes from {at[starts[0]]:.3f} at i_start {starts[0]} to "
        f"{at[starts[-1]]:.3f} at {starts[-1]}; it rises somewhere for {len(rising)} of "
        f"{len(images)} images" + (f" ({_listed(rising)})" if rising else ""),
        numbers={f"mean distance, i_start {i}": value for i, value in at.items()},
        seeds=evidence.count_seeds(),
        measured=rows,
    )


@claim("inpaint-keeps")
def inpaint_keeps(evidence: Evidence) -> Finding:
    """Largest absolute difference where the mask is 0: at most one 8-bit level."""
    rows: list[Measured] = [
        {**_only(entry, "image"), "difference": evidence.metric(entry, "kept_difference")}
        for entry in evidence.entries
    ]
    worst = max(row["difference"] for row in rows)
    return Finding(
        holds=worst <= 1,
        because=f"the largest difference in {len(rows)} pictures is {worst:.3g} of 255 levels",
        numbers={"largest difference (8-bit levels)": worst},
        seeds=evidence.count_seeds(),
        measured=rows,
    )


@claim("texti2i-trade")
def texti2i_trade(evidence: Evidence) -> Finding:
    """Rank correlations of i_start with prompt alignment and with the distance to the original,
    each the mean over edits: both negative."""
    rows: list[Measured] = [
        {
            **_only(entry, "image", "prompt", "i_start"),
            "alignment": evidence.fit(number),
            "distance": evidence.metric(entry, "distance_to_image"),
        }
        for number, entry in enumerate(evidence.entries)
    ]
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


@claim("anagram-both")
def anagram_both(evidence: Evidence) -> Finding:
    """Similarity of each view of the picture to each prompt: the largest of each view on the
    diagonal, for every anagram. Alignment A and concealment C as in Visual Anagrams, section 4.1,
    at the similarity model's own temperature."""
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
                "is_both": bool((scores.argmax(axis=1) == np.arange(2)).all()),
                "alignment": alignment,
                "concealment": concealment,
            }
        )
    shown = sum(row["is_both"] for row in rows)
    alignment = mean([row["alignment"] for row in rows])
    concealment = mean([row["concealment"] for row in rows])
    return Finding(
        holds=shown == len(rows),
        because=f"{shown} of {len(rows)} anagrams fit their own prompt better in both views; "
        f"mean A = {alignment:.3f}, mean C = {concealment:.2f}",
        numbers={
            "anagrams that show both": float(shown),
            "anagrams": float(len(rows)),
            "mean alignment A": alignment,
            "mean concealment C": concealment,
        },
        seeds=evidence.count_seeds(),
        measured=rows,
    )


@claim("hybrid-both")
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
                **_only(entry, "near", "far", "side"),
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


@claim("views-orthogonal")
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


@claim("denoiser-epochs")
def denoiser_epochs(evidence: Evidence) -> Finding:
    """Mean squared error on the test set at the noise of training: after epoch 5 below epoch 1."""
    rows: list[Measured] = [
        {
            "epoch": entry["epoch"],
            "mse": evidence.metric(entry, f"mse_{entry['sigma']:g}"),
        }
        for entry in evidence.entries
    ]
    first, fifth = (_at_epoch(rows, epoch)["mse"] for epoch in (1, 5))
    return Finding(
        holds=fifth < first,
        because=f"the test error is {first:.5f} after epoch 1 and {fifth:.5f} after epoch 5",
        numbers={f"MSE after epoch {row['epoch']}": row["mse"] for row in rows},
        seeds=1,
        measured=rows,
    )


@claim("denoiser-ood")
def denoiser_ood(evidence: Evidence) -> Finding:
    """Mean squared error on the test set over noise levels: strictly increasing from that of
    training upwards."""
    (entry,) = evidence.entries
    rows: list[Measured] = [
        {"sigma": sigma, "mse": evidence.metric(entry, f"mse_{sigma:g}")}
        for sigma in entry["sigmas"]
    ]
    beyond = [row for row in rows if row["sigma"] >= entry["sigma"]]
    if len(beyond) < 2 or beyond[0]["sigma"] != entry["sigma"]:
        raise NotMeasurable("the error is not measured at and above the noise of training")
    within = [row["mse"] for row in rows if row["sigma"] <= entry["sigma"]]
    return Finding(
        holds=rises_strictly([row["mse"] for row in beyond]),
        because=f"up to sigma {entry['sigma']:g} the test error is at most {max(within):.4f}; "
        f"beyond it goes to {beyond[-1]['mse']:.4f} at sigma {beyond[-1]['sigma']:g}",
        numbers={f"MSE at sigma {row['sigma']:g}": row["mse"] for row in rows},
        seeds=1,
        measured=rows,
    )


@claim("purenoise-mean")
def purenoise_mean(evidence: Evidence) -> Finding:
    """Cosine of the outputs with the mean training image, above 0.95; their variance over that of
    the data, below 0.05."""
    entry = evidence.entries[0]
    cosine = evidence.metric(entry, "cosine_with_mean")
    ratio = evidence.metric(entry, "variance_ratio")
    return Finding(
        holds=cosine > 0.95 and ratio < 0.05,
        because=f"after epoch {entry['epoch']} the cosine is {cosine:.4f} and the variance "
        f"{ratio:.4f} of that of the data",
        numbers={"cosine with the mean image": cosine, "variance ratio": ratio},
        seeds=1,
        measured=[{"epoch": entry["epoch"], "cosine": cosine, "variance_ratio": ratio}],
    )


@claim("time-epochs")
def time_epochs(evidence: Evidence) -> Finding:
    """Frechet distance of the samples by checkpoint: strictly decreasing."""
    rows = _distances(evidence)
    values = ", ".join(f"{row['distance']:.2f} after epoch {row['epoch']}" for row in rows)
    return Finding(
        holds=falls_strictly([row["distance"] for row in rows]),
        because=f"the distance is {values}",
        numbers={
            **{f"Fréchet distance, epoch {row['epoch']}": row["distance"] for row in rows},
            **_floor(evidence),
        },
        seeds=1,
        measured=rows,
    )


@claim("uncond-random")
def uncond_random(evidence: Evidence) -> Finding:
    """Share of each digit among the samples as the classifier reads them: every digit present. The
    distance to a uniform histogram is told as chi-squared with 9 degrees of freedom."""
    entry = evidence.entries[0]
    count = evidence.metric(entry, "samples")
    rows: list[Measured] = [
        {"digit": digit, "share": evidence.metric(entry, f"class_share_{digit}")}
        for digit in range(10)
    ]
    absent = [row["digit"] for row in rows if row["share"] == 0]
    shares = [row["share"] for row in rows]
    squared = sum((share - 0.1) ** 2 / 0.1 for share in shares) * count
    found = "all ten digits are there" if not absent else f"no sample shows {_listed(absent)}"
    return Finding(
        holds=not absent,
        because=f"of {count:g} samples {found}; shares go from {min(shares):.3f} to "
        f"{max(shares):.3f}",
        numbers={
            **{f"share of {row['digit']}": row["share"] for row in rows},
            "chi-squared against uniform": squared,
        },
        seeds=1,
        measured=rows,
    )


@claim("class-beats-time")
def class_beats_time(evidence: Evidence) -> Finding:
    """Frechet distance of both models: the class-conditioned one after epoch 5 below the
    time-conditioned one after epoch 20."""
    rows = _distances(evidence)
    of_class = _at_epoch([row for row in rows if row["is_class"]], 5)["distance"]
    of_time = _at_epoch([row for row in rows if not row["is_class"]], 20)["distance"]
    return Finding(
        holds=of_class < of_time,
        because=f"the distance is {of_class:.2f} with classes after epoch 5, {of_time:.2f} without "
        "after epoch 20",
        numbers={
            "Fréchet distance, class, epoch 5": of_class,
            "Fréchet distance, time, epoch 20": of_time,
            **_floor(evidence),
        },
        seeds=1,
        measured=rows,
    )


@claim("class-control")
def class_control(evidence: Evidence) -> Finding:
    """Accuracy of the classifier on class-conditioned samples, last checkpoint: above 0.95, for
    every class-conditioned model that the write-up shows by its samples."""
    rows: list[Measured] = [
        {
            **_only(entry, "model", "epoch", "guidance_scale"),
            "accuracy": evidence.metric(entry, "label_accuracy"),
        }
        for entry in evidence.entries
    ]
    least = min(row["accuracy"] for row in rows)
    values = ", ".join(f"{100 * row['accuracy']:.1f} percent ({row['model']})" for row in rows)
    return Finding(
        holds=least > 0.95,
        because=f"the given class is read in {values}",
        numbers={f"label accuracy, {row['model']}": row["accuracy"] for row in rows},
        seeds=1,
        measured=rows,
    )


@claim("cfg-flow")
def cfg_flow(evidence: Evidence) -> Finding:
    """Mean confidence of the classifier in samples with classes and guidance, and without classes:
    higher with. The Frechet distances are told beside."""
    rows: list[Measured] = [
        {**row, "confidence": evidence.metric(entry, "confidence")}
        for row, entry in zip(_distances(evidence), evidence.entries, strict=True)
    ]
    conditioned, plain = rows
    return Finding(
        holds=conditioned["confidence"] > plain["confidence"],
        because=f"the classifier's mean confidence is {conditioned['confidence']:.3f} with classes "
        f"and guidance, {plain['confidence']:.3f} without",
        numbers={
            "confidence, class": conditioned["confidence"],
            "confidence, time": plain["confidence"],
            "Fréchet distance, class": conditioned["distance"],
            "Fréchet distance, time": plain["distance"],
        },
        seeds=1,
        measured=rows,
    )


@claim("nosched-equal")
def nosched_equal(evidence: Evidence) -> Finding:
    """Frechet distance of both models with bootstrap intervals over the samples: that of the
    constant rate lower, or the intervals overlap."""
    rows: list[Measured] = []
    intervals: dict[str, Interval] = {}
    for row, entry in zip(_distances(evidence), evidence.entries, strict=True):
        features = evidence.arrays(entry["node"], "features.safetensors")["features"]
        reference = evidence.arrays(entry["classifier"], "reference.safetensors")
        low, high = bootstrap(
            [features],
            lambda drawn, reference=reference: frechet_of(drawn, reference),
            chance(evidence.seed, "samples", entry["model"]),
            FRECHET_RESAMPLES,
        )
        rows.append({**row, "decay": entry["decay"], "low": low, "high": high})
        words = "constant rate" if entry["decay"] == "constant" else "schedule"
        intervals[words] = Interval(
            f"the distance, {words}", low, high, LEVEL, FRECHET_RESAMPLES, evidence.seed
        )
    by_words = {("constant rate" if r["decay"] == "constant" else "schedule"): r for r in rows}
    if len(by_words) < 2:
        raise NotMeasurable("no two models differ by their learning-rate scheduler")
    constant, scheduled = by_words["constant rate"], by_words["schedule"]
    overlap = constant["low"] <= scheduled["high"] and scheduled["low"] <= constant["high"]
    return Finding(
        holds=constant["distance"] < scheduled["distance"] or overlap,
        because=f"the distance is {constant['distance']:.2f} ({constant['low']:.2f} to "
        f"{constant['high']:.2f}) at a constant rate, {scheduled['distance']:.2f} "
        f"({scheduled['low']:.2f} to {scheduled['high']:.2f}) with the schedule",
        numbers={
            "Fréchet distance, constant rate": constant["distance"],
            "Fréchet distance, schedule": scheduled["distance"],
            **_floor(evidence),
        },
        seeds=1,
        intervals=list(intervals.values()),
        measured=rows,
    )


@claim("bigtime-better")
def bigtime_better(evidence: Evidence) -> Finding:
    """Frechet distance of both models from the same noise: the wider one's lower."""
    rows = _distances(evidence)
    narrow, wide = sorted(rows, key=lambda row: float(row["hidden_width"]))
    return Finding(
        holds=wide["distance"] < narrow["distance"],
        because=f"the distance is {wide['distance']:.2f} at width {wide['hidden_width']}, "
        f"{narrow['distance']:.2f} at width {narrow['hidden_width']}",
        numbers={
            f"Fréchet distance, width {row['hidden_width']}": row["distance"]
            for row in (wide, narrow)
        }
        | _floor(evidence),
        seeds=1,
        measured=rows,
    )


@claim("fashion-loss")
def fashion_loss(evidence: Evidence) -> Finding:
    """Mean training loss of the last epoch: between 0.030 and 0.050, in Huber loss."""
    (entry, *_) = evidence.entries
    if entry["loss"] != "huber":
        raise NotMeasurable(f"{entry['model']} is trained with another loss, {entry['loss']}")
    loss = evidence.metric(entry, "final_loss")
    return Finding(
        holds=0.030 <= loss <= 0.050,
        because=f"the mean Huber loss of epoch {entry['epochs']} is {loss:.4f}",
        numbers={"mean loss of the last epoch": loss},
        seeds=1,
        measured=[{**_only(entry, "model", "epochs"), "loss": loss}],
    )


@claim("classifier-guidance-limits")
def classifier_guidance_limits(evidence: Evidence) -> Finding:
    """Label accuracy over guidance scales, by a noise-aware classifier and classifier-free: the
    peak of the classifier-free one at least as high."""
    rows: list[Measured] = [
        {
            **_only(entry, "guidance", "scale"),
            "accuracy": evidence.metric(entry, "label_accuracy"),
            "samples": evidence.metric(entry, "samples"),
        }
        for entry in evidence.entries
    ]
    best = {
        guidance: max(
            (row for row in rows if row["guidance"] == guidance), key=lambda row: row["accuracy"]
        )
        for guidance in ("classifier_free", "classifier")
    }
    free, guided = best["classifier_free"], best["classifier"]
    return Finding(
        holds=free["accuracy"] >= guided["accuracy"],
        because=f"accuracy peaks at {free['accuracy']:.3f} without a classifier (scale "
        f"{free['scale']:g}) and at {guided['accuracy']:.3f} with one (scale {guided['scale']:g})",
        numbers={
            "best accuracy, classifier-free": free["accuracy"],
            "best accuracy, by a classifier": guided["accuracy"],
            "samples": free["samples"],
        },
        seeds=1,
        measured=rows,
    )


@claim("drift-prior")
def drift_prior(evidence: Evidence) -> Finding:
    """Signal-to-noise ratio of x_T: above that which the 1000 steps of DDPM (Ho et al. 2020) leave.
    Told beside: the Frechet distance of samples from N(0, I) and from the matched start."""
    least = terminal_ratio(LONG_SCHEDULE)
    rows: list[Measured] = [
        {
            "model": entry["model"],
            "snr": terminal_ratio(entry["objective"]),
            "distance": evidence.metric(entry, "frechet_distance", "plain"),
            "distance_matched": evidence.metric(entry, "frechet_distance", "matched"),
        }
        for entry in evidence.entries
    ]
    values = "; ".join(
        f"{row['snr']:.3g} for {row['model']}, whose distance goes from {row['distance']:.2f} to "
        f"{row['distance_matched']:.2f} with the matched start"
        for row in rows
    )
    return Finding(
        holds=all(row["snr"] > least for row in rows),
        because=f"the signal-to-noise ratio at T is {values}; 1000 steps leave {least:.2g}",
        numbers={
            f"{name}, {row['model']}": row[column]
            for row in rows
            for name, column in (
                ("signal-to-noise ratio at T", "snr"),
                ("Fréchet distance from N(0, I)", "distance"),
                ("Fréchet distance, matched start", "distance_matched"),
            )
        },
        seeds=1,
        measured=rows,
    )


def _only(entry: Entry, *fields: str) -> Measured:
    return {field: entry[field] for field in fields}


def _listed(values: Sequence[object]) -> str:
    return ", ".join(map(str, values))


def _at_epoch(rows: list[Measured], epoch: int) -> Measured:
    for row in rows:
        if row["epoch"] == epoch:
            return row
    raise NotMeasurable(f"no checkpoint of epoch {epoch} is kept")


def _distances(evidence: Evidence) -> list[Measured]:
    """Of each entry, what it is and the Frechet distance of its samples to the training images."""
    fields = ("model", "epoch", "is_class", "hidden_width")
    return [
        {
            **{name: entry[name] for name in fields if name in entry},
            "distance": evidence.metric(entry, "frechet_distance"),
            "samples": evidence.metric(entry, "samples"),
        }
        for entry in evidence.entries
    ]


def _floor(evidence: Evidence) -> dict[str, float]:
    """What real images have, and how many samples were drawn: beside every Frechet distance."""
    entry = evidence.entries[0]
    return {
        "real against real": evidence.metric(entry, "frechet_floor"),
        "samples": evidence.metric(entry, "samples"),
    }


def _mean_interval(evidence: Evidence, of: str, values: Any) -> Interval:
    low, high = bootstrap([values], lambda x: float(x.mean()), chance(evidence.seed, of))
    return Interval(of, low, high, LEVEL, RESAMPLES, evidence.seed)
