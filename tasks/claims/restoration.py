"""Claims on noise and its removal: forward process, blur, one step, many steps, edits.

Limits such as one 8-bit level are the claims' own.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tasks.claims.definitions import claim
from tasks.claims.evidence import Evidence, Measured
from tasks.claims.finding import Finding, NotMeasurable, listed
from tasks.claims.statistics import falls_strictly, mean, never_rises


@claim
def forward_noise(evidence: Evidence) -> Finding:
    """PSNR of x_t against the original at each t: strictly decreasing."""
    return _falls_with_t(evidence, "x_t")


@claim
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
        else f"the best blur is as good or better at t = {listed(behind)}",
        numbers={
            f"{name} at t = {row['t']} (dB)": row[column]
            for row in rows
            for name, column in (("one step", "one_step"), ("best blur", "best_blur"))
        },
        seeds=evidence.count_seeds("blurred"),
        measured=rows,
    )


@claim
def onestep_degrades(evidence: Evidence) -> Finding:
    """PSNR of the one-step estimate over t: strictly decreasing."""
    return _falls_with_t(evidence, "the estimate")


@claim
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


@claim
def sdedit_faithful(evidence: Evidence) -> Finding:
    """Root mean square distance to the original over i_start: non-increasing, for every image."""
    rows = evidence.rows("image", "i_start", distance="distance_to_image")
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
        f"{len(images)} images" + (f" ({listed(rising)})" if rising else ""),
        numbers={f"mean distance, i_start {i}": value for i, value in at.items()},
        seeds=evidence.count_seeds(),
        measured=rows,
    )


@claim
def inpaint_keeps(evidence: Evidence) -> Finding:
    """Largest absolute difference where the mask is 0: at most one 8-bit level."""
    rows = evidence.rows("image", difference="kept_difference")
    worst = max(row["difference"] for row in rows)
    return Finding(
        holds=worst <= 1,
        because=f"the largest difference in {len(rows)} pictures is {worst:.3g} of 255 levels",
        numbers={"largest difference (8-bit levels)": worst},
        seeds=evidence.count_seeds(),
        measured=rows,
    )


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


def laplacian_variance(picture: NDArray[np.floating]) -> float:
    """Variance of the 4-neighbour Laplacian of the mean over channels: how much fine detail there
    is. picture: [3, S, S], taken as it is shown, in [-1, 1]."""
    grey = np.clip(picture.astype(np.float64), -1, 1).mean(axis=0)
    around = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:]
    return float((around - 4 * grey[1:-1, 1:-1]).var())
