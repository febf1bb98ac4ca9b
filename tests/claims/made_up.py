"""Evidence made up for tests: each helper gives what a figure would leave, with chosen numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tasks.claims.evidence import Evidence


def of_metrics(
    entries: Sequence[Mapping[str, Any]], metrics: Sequence[Mapping[str, float]], **others: Any
) -> Evidence:
    """An entry a node, each with its metrics."""
    named = [{"node": f"n{i}", **entry} for i, entry in enumerate(entries)]
    return Evidence(named, {f"n{i}": m for i, m in enumerate(metrics)}, **others)


def of_fits(entries: Sequence[Mapping[str, Any]], fits: Sequence[float], **others: Any) -> Evidence:
    """An entry a picture with a prompt, each fitting it so well."""
    named = [{"node": f"n{i}", "prompt": "a panda", **entry} for i, entry in enumerate(entries)]
    similarities = {(i, named[i]["prompt"]): fit for i, fit in enumerate(fits)}
    return Evidence(named, similarities=similarities, **others)


def psnr_series(*values: float) -> Evidence:
    """PSNR at t = 250, 500, ..."""
    timesteps = [250 * (i + 1) for i in range(len(values))]
    metrics = {f"psnr_{t}": value for t, value in zip(timesteps, values, strict=True)}
    return of_metrics([{"timesteps": timesteps}], [metrics])


def blur_and_one_step(blur: Sequence[float], one_step: Sequence[float]) -> Evidence:
    timesteps = [250 * (i + 1) for i in range(len(blur))]
    return Evidence(
        [{"blurred": "b", "one_step": "o", "timesteps": timesteps}],
        {
            "b": {f"best_psnr_{t}": v for t, v in zip(timesteps, blur, strict=True)},
            "o": {f"psnr_{t}": v for t, v in zip(timesteps, one_step, strict=True)},
        },
    )


def methods(iterative: float, one_step: float, blur: float, original: float = 1.0) -> Evidence:
    """A checkerboard by each method, of such contrast relative to the original's."""
    board = np.indices((8, 8)).sum(axis=0) % 2 - 0.5

    def picture(contrast: float) -> np.ndarray:
        return np.repeat((contrast * board)[None], 3, axis=0).astype(np.float32)

    objects = {
        "noisy": {"clean": picture(original)},
        "iterative": {"image": picture(iterative)},
        "one": {"estimate": picture(one_step)[None]},
        "blur": {"blurred": picture(blur)[None]},
    }
    entry = {
        "noisy": "noisy",
        "iterative": "iterative",
        "one_step": "one",
        "blurred": "blur",
        "timestep": 690,
    }
    return Evidence([entry], arrays=lambda role, name: objects[role])


def step_counts(*alignments: float, seeds: int = 4, spread: float = 0.01) -> Evidence:
    """A prompt under several seeds, aligned so at 10, 20, 40, ... steps, give or take `spread`."""
    entries, fits = [], []
    for seed in range(seeds):
        for place, alignment in enumerate(alignments):
            entries.append({"seed": seed, "steps": 10 * 2**place})
            fits.append(alignment + spread * (-1) ** (seed + place))
    return of_fits(entries, fits)


def guided(gain: float, spread_without: float, spread_with: float, samples: int = 5) -> Evidence:
    """Samples around grey, apart by the spreads; those with guidance fit better by `gain`."""
    entries, fits, pictures = [], [], []
    for is_guided, spread in ((False, spread_without), (True, spread_with)):
        for seed in range(samples):
            entries.append({"seed": seed, "guided": is_guided})
            fits.append(0.2 + 0.01 * seed + gain * is_guided)
            pictures.append(np.full((3, 4, 4), spread * seed / samples, np.float32))
    return of_fits(entries, fits, arrays=lambda role, name: {"image": pictures[int(role[1:])]})


def edits(distances: Mapping[str, Sequence[float]]) -> Evidence:
    """Image to its distances at i_start 1, 3, 5, ..."""
    entries, metrics = [], []
    for image, values in distances.items():
        for place, distance in enumerate(values):
            entries.append({"image": image, "i_start": 2 * place + 1})
            metrics.append({"distance_to_image": distance})
    return of_metrics(entries, metrics)


def text_edits(alignments: Sequence[float], distances: Sequence[float]) -> Evidence:
    entries = [
        {"image": "tower", "prompt": "a rocket ship", "i_start": 2 * i + 1}
        for i in range(len(alignments))
    ]
    evidence = of_fits(entries, alignments)
    metrics = {f"n{i}": {"distance_to_image": d} for i, d in enumerate(distances)}
    return Evidence(evidence.entries, metrics, similarities=evidence.similarities)


def anagrams(*matrices: Sequence[Sequence[float]], plain: Sequence[int] = ()) -> Evidence:
    """Similarities [view][prompt] of each. plain: which are those by the plain mean beside one by
    another rule."""
    prompts = ["an old man", "a campfire"]
    entries = [
        {
            "node": f"n{i}",
            "prompts": prompts,
            "view": {"name": "flip"},
            **({"is_plain": True} if i in plain else {}),
        }
        for i in range(len(matrices))
    ]
    similarities = {
        (2 * i + view, prompts[prompt]): matrix[view][prompt]
        for i, matrix in enumerate(matrices)
        for view in (0, 1)
        for prompt in (0, 1)
    }
    return Evidence(entries, similarities=similarities, logit_scale=10.0)


def hybrids(*preferences: tuple[float, float]) -> Evidence:
    """Preference for the near prompt at full size and when small, of each."""
    entries = [
        {"node": f"n{i}", "near": "flowers", "far": "a skull", "side": 21}
        for i in range(len(preferences))
    ]
    similarities = {}
    for i, pair in enumerate(preferences):
        for place, preference in enumerate(pair):
            similarities[2 * i + place, "flowers"] = 0.2 + preference
            similarities[2 * i + place, "a skull"] = 0.2
    return Evidence(entries, similarities=similarities)


def denoiser(**errors: float) -> Evidence:
    """epoch_1=0.02, ...: test errors at sigma 0.5 by epoch."""
    epochs = {int(name.removeprefix("epoch_")): mse for name, mse in errors.items()}
    entries = [{"epoch": epoch, "sigma": 0.5} for epoch in epochs]
    return of_metrics(entries, [{"mse_0.5": mse} for mse in epochs.values()])


def noise_levels(errors: Mapping[float, float]) -> Evidence:
    entry = {"epoch": 5, "sigma": 0.5, "sigmas": sorted(errors)}
    return of_metrics([entry], [{f"mse_{sigma:g}": mse for sigma, mse in errors.items()}])


def checkpoints(*entries: tuple[Mapping[str, Any], Mapping[str, float]]) -> Evidence:
    """Entries with the metrics of an evaluation."""
    basis = {"frechet_distance": 1.0, "frechet_floor": 0.1, "samples": 300.0, "confidence": 0.9}
    return of_metrics(
        [{"model": "m", **entry} for entry, _ in entries],
        [{**basis, **metrics} for _, metrics in entries],
    )


def training(loss: float, kind: str = "huber") -> Evidence:
    entry = {"model": "m", "epochs": 10, "loss": kind}
    return of_metrics([entry], [{"final_loss": loss}])


def two_guidances(by_classifier: Sequence[float], without: Sequence[float]) -> Evidence:
    """Label accuracy over scales 0, 1, ..."""
    entries = [
        {"guidance": guidance, "scale": float(scale)}
        for guidance, values in (("classifier", by_classifier), ("classifier_free", without))
        for scale in range(len(values))
    ]
    metrics = [{"label_accuracy": v, "samples": 100.0} for v in (*by_classifier, *without)]
    return of_metrics(entries, metrics)


def starts(num_timesteps: int, beta_end: float = 0.02, **metrics: float) -> Evidence:
    """Samples of one model from N(0, I) and from the matched start."""
    objective = {
        "kind": "ddpm",
        "num_timesteps": num_timesteps,
        "beta_start": 1e-4,
        "beta_end": beta_end,
    }
    found = {"frechet_distance": 3.0, **metrics}
    entry = {"plain": "p", "matched": "m", "model": "ddpm", "objective": objective}
    return Evidence([entry], {"p": found, "m": {"frechet_distance": 2.0}})


def two_rates(constant: float, scheduled: float, count: int = 200) -> Evidence:
    """Features of two models' samples whose means are so far from that of the data."""
    rng = np.random.default_rng(0)
    entries, arrays, metrics = [], {}, {}
    for place, (decay, shift) in enumerate((("constant", constant), ("exponential", scheduled))):
        role = f"n{place}"
        entries.append(
            {"node": role, "classifier": "c", "model": decay, "epoch": 10, "decay": decay}
        )
        arrays[role] = {"features": (rng.normal(size=(count, 4)) + shift).astype(np.float32)}
        metrics[role] = {"frechet_distance": 4 * shift**2, "frechet_floor": 0.1, "samples": count}
    arrays["c"] = {"train_mean": np.zeros(4), "train_covariance": np.eye(4)}
    return Evidence(entries, metrics, arrays=lambda role, name: arrays[role])
