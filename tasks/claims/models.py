"""Claims on the models that are trained here, as their checkpoints were measured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.claims.definitions import claim
from tasks.claims.evidence import Evidence, Measured
from tasks.claims.finding import Finding, Interval, NotMeasurable, listed
from tasks.claims.statistics import bootstrap, falls_strictly, rises_strictly

FRECHET_RESAMPLES = 200
"""Each fits and compares covariances."""


@claim
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
        measured=rows,
    )


@claim
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
        measured=rows,
    )


@claim
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
        measured=[{"epoch": entry["epoch"], "cosine": cosine, "variance_ratio": ratio}],
    )


@claim
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
        measured=rows,
    )


@claim
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
    found = "all ten digits are there" if not absent else f"no sample shows {listed(absent)}"
    return Finding(
        holds=not absent,
        because=f"of {count:g} samples {found}; shares go from {min(shares):.3f} to "
        f"{max(shares):.3f}",
        numbers={
            **{f"share of {row['digit']}": row["share"] for row in rows},
            "chi-squared against uniform": squared,
        },
        measured=rows,
    )


@claim
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
        measured=rows,
    )


@claim
def class_control(evidence: Evidence) -> Finding:
    """Accuracy of the classifier on class-conditioned samples, last checkpoint: above 0.95, for
    every class-conditioned model that the write-up shows by its samples."""
    rows = evidence.rows("model", "epoch", "guidance_scale", accuracy="label_accuracy")
    least = min(row["accuracy"] for row in rows)
    values = ", ".join(f"{100 * row['accuracy']:.1f} percent ({row['model']})" for row in rows)
    return Finding(
        holds=least > 0.95,
        because=f"the given class is read in {values}",
        numbers={f"label accuracy, {row['model']}": row["accuracy"] for row in rows},
        measured=rows,
    )


@claim
def cfg_flow(evidence: Evidence) -> Finding:
    """Mean confidence of the classifier in samples with classes and guidance, and without classes:
    higher with. The Frechet distances are told beside."""
    rows = conditioned, plain = _distances(evidence, confidence="confidence")
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
        measured=rows,
    )


@claim
def nosched_equal(evidence: Evidence) -> Finding:
    """Frechet distance of both models with bootstrap intervals over the samples: that of the
    constant rate lower, or the intervals overlap."""
    rows: list[Measured] = []
    intervals: list[Interval] = []
    by_words: dict[str, Measured] = {}
    for row, entry in zip(_distances(evidence), evidence.entries, strict=True):
        words = "constant rate" if entry["decay"] == "constant" else "schedule"
        features = evidence.arrays(entry["node"], "features.safetensors")["features"]
        reference = evidence.arrays(entry["classifier"], "reference.safetensors")
        interval = bootstrap(
            f"the distance, {words}",
            [features],
            lambda drawn, reference=reference: frechet_of(drawn, reference),
            evidence.seed,
            "samples",
            entry["model"],
            resamples=FRECHET_RESAMPLES,
        )
        by_words[words] = {
            **row,
            "decay": entry["decay"],
            "low": interval.low,
            "high": interval.high,
        }
        rows.append(by_words[words])
        intervals.append(interval)
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
        intervals=intervals,
        measured=rows,
    )


@claim
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
        measured=rows,
    )


def _at_epoch(rows: list[Measured], epoch: int) -> Measured:
    for row in rows:
        if row["epoch"] == epoch:
            return row
    raise NotMeasurable(f"no checkpoint of epoch {epoch} is kept")


def _distances(evidence: Evidence, **further: str) -> list[Measured]:
    """Of each entry, what it is, the Frechet distance of its samples to the training images, and
    further metrics by column."""
    fields = ("model", "epoch", "is_class", "hidden_width")
    known = [name for name in fields if all(name in entry for entry in evidence.entries)]
    return evidence.rows(*known, distance="frechet_distance", samples="samples", **further)


def _floor(evidence: Evidence) -> dict[str, float]:
    """What real images have, and how many samples were drawn: beside every Frechet distance."""
    entry = evidence.entries[0]
    return {
        "real against real": evidence.metric(entry, "frechet_floor"),
        "samples": evidence.metric(entry, "samples"),
    }


def frechet_of(features: NDArray[Any], reference: Mapping[str, NDArray[Any]]) -> float:
    """Frechet distance of features [n, d] to the training images of the classifier."""
    import torch

    from tasks.diffusion.measures import Gaussian, frechet_distance

    real = Gaussian(
        torch.from_numpy(np.array(reference["train_mean"])),
        torch.from_numpy(np.array(reference["train_covariance"])),
    )
    return frechet_distance(Gaussian.fit(torch.from_numpy(np.array(features))), real)
