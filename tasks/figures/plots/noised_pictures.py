"""A picture under growing noise, and what blurring or one step of the model makes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tasks.figures.drawing import Drawing
from tasks.figures.picture_sheet import Picture, draw_pictures
from tasks.figures.plots.inputs import metric
from tasks.figures.plots.picture_inputs import check_timesteps, psnr_label, timestep_label
from tasks.figures.resample import to_pixels
from tasks.figures.style import SIGMA
from tasks.figures.words import join_words

if TYPE_CHECKING:
    from tasks.running.step import Step


def draw_noised_row(step: Step) -> Drawing:
    """x_t at each t. params: show_clean, whether the clean picture stands before them."""
    arrays = step.read_arrays("noisy", "noisy.safetensors")
    timesteps = [int(t) for t in arrays["timesteps"]]
    noisy = _pictures(step, "noisy", timesteps)
    clean = [Picture(to_pixels(arrays["clean"]), role="noisy")]
    show_clean = bool(step.params.get("show_clean"))
    labels = ["original"] * show_clean + [timestep_label(t) for t in timesteps]
    sheet = draw_pictures([clean * show_clean + noisy], column_labels=labels)
    alt = f"A picture{', clean and' if show_clean else ''} with noise at {_at(timesteps)}."
    return Drawing.of_sheet(sheet, alt)


def draw_blur_rows(step: Step) -> Drawing:
    """Noisy, blurred with the declared kernel, and with the sigma that restores most."""
    timesteps = _timesteps(step, "blurred")
    arrays = step.read_arrays("blurred", "blurred.safetensors")
    params = step.inputs["blurred"].params
    best = [
        Picture(
            to_pixels(image),
            f"{SIGMA} = {sigma:.2g}, {metric(step, 'blurred', f'best_psnr_{t}'):.1f} dB",
            role="blurred",
        )
        for image, sigma, t in zip(arrays["best"], arrays["best_sigma"], timesteps, strict=True)
    ]
    sheet = draw_pictures(
        [_pictures(step, "noisy", timesteps), _pictures(step, "blurred", timesteps), best],
        row_labels=[
            "noisy",
            f"Gaussian blur, kernel {params['kernel']}, {SIGMA} = {params['sigma']:.3g}",
            f"Gaussian blur, best {SIGMA} for each t",
        ],
        column_labels=[timestep_label(t) for t in timesteps],
    )
    alt = (
        f"A picture with noise at {_at(timesteps)}, and the same blurred with a Gaussian of "
        f"{SIGMA} = {params['sigma']:.3g} and with the {SIGMA} that comes closest to the original."
    )
    return Drawing.of_sheet(sheet, alt)


def draw_one_step_rows(step: Step) -> Drawing:
    """The original, the noisy picture, and the clean one as estimated from it in one step."""
    timesteps = _timesteps(step, "estimate")
    clean = to_pixels(step.read_arrays("noisy", "noisy.safetensors")["clean"])
    sheet = draw_pictures(
        [
            [Picture(clean, role="noisy")] * len(timesteps),
            _pictures(step, "noisy", timesteps),
            _pictures(step, "estimate", timesteps),
        ],
        row_labels=["original", "noisy", "one-step estimate"],
        column_labels=[timestep_label(t) for t in timesteps],
    )
    alt = (
        f"A picture, the same with noise at {_at(timesteps)}, and the clean picture as the model "
        "estimates it from each in one step."
    )
    return Drawing.of_sheet(sheet, alt)


def _timesteps(step: Step, role: str) -> list[int]:
    """Those of the noisy pictures, which the input `role` has to have too."""
    expected = step.read_arrays("noisy", "noisy.safetensors")["timesteps"]
    check_timesteps(
        step, role, step.read_arrays(role, f"{role}.safetensors")["timesteps"], expected
    )
    return [int(t) for t in expected]


def _pictures(step: Step, role: str, timesteps: list[int]) -> list[Picture]:
    """The pictures of `role`, in the array of that name, each with its PSNR."""
    images = step.read_arrays(role, f"{role}.safetensors")[role]
    return [
        Picture(to_pixels(image), psnr_label(step, role, t), role=role)
        for image, t in zip(images, timesteps, strict=True)
    ]


def _at(timesteps: list[int]) -> str:
    return f"t = {join_words([str(t) for t in timesteps])}"
