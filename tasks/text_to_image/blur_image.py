"""Step of kind "blurred": what Gaussian blur makes of noisy images."""

from __future__ import annotations

from tasks.diffusion.gaussian_blur import best_gaussian_blur, gaussian_blur
from tasks.running.step import Step, StepResult, tensors_to_bytes
from tasks.text_to_image.sampled_picture import psnr_by_timestep


def blur_image(step: Step) -> StepResult:
    """Objects: blurred.safetensors with blurred [n, 3, S, S], of the declared kernel and sigma;
    best [n, 3, S, S], of the sigma with the highest PSNR for each t; best_sigma [n]; timesteps [n].

    Metrics: psnr_<t> and best_psnr_<t> in dB, best_sigma_<t> in pixels.
    """
    arrays = step.read_tensors("noisy", "noisy.safetensors")
    clean, noisy = arrays["clean"], arrays["noisy"]
    timesteps = arrays["timesteps"].tolist()
    blurred = gaussian_blur(noisy, int(step.params["kernel"]), float(step.params["sigma"]))
    best, best_sigma = best_gaussian_blur(noisy, clean)
    return StepResult(
        objects={
            "blurred.safetensors": tensors_to_bytes(
                {
                    "blurred": blurred,
                    "best": best,
                    "best_sigma": best_sigma,
                    "timesteps": arrays["timesteps"],
                }
            )
        },
        metrics={
            **psnr_by_timestep(blurred, clean, timesteps),
            **psnr_by_timestep(best, clean, timesteps, "best_psnr"),
            **{f"best_sigma_{t}": float(s) for t, s in zip(timesteps, best_sigma, strict=True)},
        },
    )
