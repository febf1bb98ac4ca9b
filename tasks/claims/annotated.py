"""Claims of the annotated-diffusion write-up."""

from __future__ import annotations

from tasks.claims.definitions import claim
from tasks.claims.evidence import Evidence, Measured
from tasks.claims.finding import Finding, NotMeasurable
from tasks.store.node import JSON

LONG_SCHEDULE: dict[str, JSON] = {
    "kind": "ddpm",
    "num_timesteps": 1000,
    "beta_start": 1e-4,
    "beta_end": 0.02,
}
"""Of Ho et al. 2020, whose x_T is taken for pure noise."""


@claim
def fashion_loss(evidence: Evidence) -> Finding:
    """Mean training loss of the last epoch: between 0.030 and 0.050, in Huber loss."""
    entry = evidence.entries[0]
    if entry["loss"] != "huber":
        raise NotMeasurable(f"{entry['model']} is trained with another loss, {entry['loss']}")
    loss = evidence.metric(entry, "final_loss")
    return Finding(
        holds=0.030 <= loss <= 0.050,
        because=f"the mean Huber loss of epoch {entry['epochs']} is {loss:.4f}",
        numbers={"mean loss of the last epoch": loss},
        measured=[{"model": entry["model"], "epochs": entry["epochs"], "loss": loss}],
    )


@claim
def classifier_guidance_limits(evidence: Evidence) -> Finding:
    """Label accuracy over guidance scales, by a noise-aware classifier and classifier-free: the
    peak of the classifier-free one at least as high."""
    rows = evidence.rows("guidance", "scale", accuracy="label_accuracy", samples="samples")
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
        measured=rows,
    )


@claim
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
        measured=rows,
    )


def terminal_ratio(objective: JSON) -> float:
    """Signal-to-noise ratio of x_T, abar_T / (1 - abar_T), under the schedule of an objective."""
    from tasks.training.model_parts import build_schedule

    alpha_bar = float(build_schedule(objective).alpha_bar[-1])
    return alpha_bar / (1 - alpha_bar)
