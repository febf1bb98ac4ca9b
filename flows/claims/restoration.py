"""Evidence for claims on noise and its removal: forward process, blur, one step, many steps."""

from __future__ import annotations

from flows.claims.evidence import Evidence, NodeName, NotShown, Shown, WriteUp, gathers, image_of
from flows.figures.denoising.blur import Blur
from flows.figures.denoising.forward import Forward
from flows.figures.denoising.methods import Methods
from flows.figures.denoising.one_step import OneStep
from flows.figures.edits.inpainting import Inpainting
from flows.figures.edits.sdedit import Sdedit
from tasks.store.node import JSON


@gathers
def forward_noise(writeup: WriteUp) -> Evidence:
    """An entry a series of noisy images: node, timesteps."""
    found = writeup.shown(Forward, "the forward process")
    entries = [
        {"node": name, "timesteps": writeup.node(name).params["timesteps"]}
        for name in (shown.input("noisy") for shown in found)
    ]
    return Evidence(entries, found)


@gathers
def blur_fails(writeup: WriteUp) -> Evidence:
    """An entry a pair of panels on one noisy image: blurred, one_step (nodes), their timesteps."""
    blurs = writeup.shown(Blur, "Gaussian blur")
    estimates = writeup.shown(OneStep, "one-step denoising")
    entries: list[dict[str, JSON]] = []
    panels: list[Shown[Blur] | Shown[OneStep]] = []
    for blur in blurs:
        for estimate in estimates:
            noisy, other = (writeup.node(shown.input("noisy")) for shown in (blur, estimate))
            both = [t for t in noisy.params["timesteps"] if t in other.params["timesteps"]]
            if both and (noisy.inputs, noisy.seed) == (other.inputs, other.seed):
                entries.append(
                    {
                        "blurred": blur.input("blurred"),
                        "one_step": estimate.input("estimate"),
                        "timesteps": both,
                    }
                )
                panels += [blur, estimate]
    if not entries:
        raise NotShown("blur and one-step denoising are shown on different noisy images")
    return Evidence(entries, panels)


@gathers
def onestep_degrades(writeup: WriteUp) -> Evidence:
    """An entry a series of estimates: node, timesteps."""
    found = writeup.shown(OneStep, "one-step denoising")
    entries = [
        {
            "node": shown.input("estimate"),
            "timesteps": writeup.node(shown.input("noisy")).params["timesteps"],
        }
        for shown in found
    ]
    return Evidence(entries, found)


@gathers
def iterative_sharper(writeup: WriteUp) -> Evidence:
    """An entry an image: iterative, one_step, blurred (nodes), timestep. The blurred node's noisy
    input is no part of it; the clean image is in `noisy`."""
    found = writeup.shown(Methods, "the methods side by side")
    entries = [
        {
            "noisy": NodeName(writeup.node(shown.input("blurred")).inputs["noisy"]),
            "iterative": shown.input("trajectory"),
            "one_step": shown.input("estimate"),
            "blurred": shown.input("blurred"),
            "timestep": shown.node.params["timestep"],
        }
        for shown in found
    ]
    return Evidence(entries, found)


@gathers
def sdedit_faithful(writeup: WriteUp) -> Evidence:
    """An entry an edit: node, image, i_start."""
    found = writeup.shown(Sdedit, "edits of images by noise level")
    entries = [
        {
            "node": NodeName(node.name),
            "image": image_of(node),
            "i_start": node.params["start"]["i_start"],
        }
        for shown in found
        for node in writeup.trajectories_of(shown)
    ]
    return Evidence(entries, found)


@gathers
def inpaint_keeps(writeup: WriteUp) -> Evidence:
    """An entry a picture: node, image."""
    found = writeup.shown(Inpainting, "inpainting")
    entries = [
        {"node": NodeName(node.name), "image": image_of(node)}
        for shown in found
        for node in writeup.trajectories_of(shown)
    ]
    return Evidence(entries, found)
