"""Evidence for claims on noise and its removal: forward process, blur, one step, many steps."""

from __future__ import annotations

from flows.claims.evidence import Evidence, NotShown, WriteUp
from flows.figures.denoising.blur import Blur
from flows.figures.denoising.forward import Forward
from flows.figures.denoising.methods import Methods
from flows.figures.denoising.one_step import OneStep
from flows.figures.edits.inpainting import Inpainting
from flows.figures.edits.sdedit import Sdedit
from tasks.store.node import JSON


def forward_noise(writeup: WriteUp) -> Evidence:
    """An entry a series of noisy images: node, timesteps."""
    found = writeup.some(Forward, "the forward process")
    entries = [
        {"node": name, "timesteps": writeup.node(name).params["timesteps"]}
        for name in (shown.node.inputs["noisy"] for shown, _ in found)
    ]
    return Evidence(entries, [shown.figure_id for shown, _ in found])


def blur_fails(writeup: WriteUp) -> Evidence:
    """An entry a pair of panels on one noisy image: blurred, one_step (nodes), their timesteps."""
    blurs = writeup.some(Blur, "Gaussian blur")
    estimates = writeup.some(OneStep, "one-step denoising")
    entries: list[dict[str, JSON]] = []
    figures: list[str] = []
    for blur, _ in blurs:
        for estimate, _ in estimates:
            noisy, other = (writeup.node(shown.node.inputs["noisy"]) for shown in (blur, estimate))
            both = [t for t in noisy.params["timesteps"] if t in other.params["timesteps"]]
            if both and (noisy.inputs, noisy.seed) == (other.inputs, other.seed):
                entries.append(
                    {
                        "blurred": blur.node.inputs["blurred"],
                        "one_step": estimate.node.inputs["estimate"],
                        "timesteps": both,
                    }
                )
                figures += [blur.figure_id, estimate.figure_id]
    if not entries:
        raise NotShown("blur and one-step denoising are shown on different noisy images")
    return Evidence(entries, figures)


def onestep_degrades(writeup: WriteUp) -> Evidence:
    """An entry a series of estimates: node, timesteps."""
    found = writeup.some(OneStep, "one-step denoising")
    entries = [
        {
            "node": shown.node.inputs["estimate"],
            "timesteps": writeup.node(shown.node.inputs["noisy"]).params["timesteps"],
        }
        for shown, _ in found
    ]
    return Evidence(entries, [shown.figure_id for shown, _ in found])


def iterative_sharper(writeup: WriteUp) -> Evidence:
    """An entry an image: iterative, one_step, blurred (nodes), timestep. The blurred node's noisy
    input is no part of it; the clean image is in `noisy`."""
    found = writeup.some(Methods, "the methods side by side")
    entries = [
        {
            "noisy": writeup.node(shown.node.inputs["blurred"]).inputs["noisy"],
            "iterative": shown.node.inputs["trajectory"],
            "one_step": shown.node.inputs["estimate"],
            "blurred": shown.node.inputs["blurred"],
            "timestep": shown.node.params["timestep"],
        }
        for shown, _ in found
    ]
    return Evidence(entries, [shown.figure_id for shown, _ in found])


def sdedit_faithful(writeup: WriteUp) -> Evidence:
    """An entry an edit: node, image, i_start."""
    found = writeup.some(Sdedit, "edits of images by noise level")
    entries = [
        {
            "node": node.name,
            "image": node.inputs["image"].removeprefix("image/"),
            "i_start": node.params["start"]["i_start"],
        }
        for shown, _ in found
        for node in writeup.trajectories_of(shown)
    ]
    return Evidence(entries, [shown.figure_id for shown, _ in found])


def inpaint_keeps(writeup: WriteUp) -> Evidence:
    """An entry a picture: node, image."""
    found = writeup.some(Inpainting, "inpainting")
    entries = [
        {"node": node.name, "image": node.inputs["image"].removeprefix("image/")}
        for shown, _ in found
        for node in writeup.trajectories_of(shown)
    ]
    return Evidence(entries, [shown.figure_id for shown, _ in found])
