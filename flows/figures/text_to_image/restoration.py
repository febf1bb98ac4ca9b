"""Figures of noise and its removal: forward, blur, one step, step by step, all side by side."""

from __future__ import annotations

from collections.abc import Iterator

from flows.declaration.trajectory_panels import Blur, Forward, Iterative, Methods, OneStep
from flows.figures.text_to_image.spot import Spot
from flows.figures.text_to_image.wanted import guidance_of, prompt_of
from flows.nodes.sampling import Sampling
from tasks.store.node import Node


def forward_nodes(spot: Spot, panel: Forward) -> Iterator[Node]:
    noisy = spot.nodes.noised(spot.where, panel.image, panel.timesteps, spot.seed)
    params = {"plot": "noised_row", "show_clean": panel.show_clean}
    yield spot.figure_node(spot.panel_id, params, {"noisy": noisy})


def blur_nodes(spot: Spot, panel: Blur) -> Iterator[Node]:
    noisy = spot.nodes.noised(spot.where, panel.image, panel.timesteps, spot.seed)
    blurred = spot.nodes.blurred(spot.where, noisy, panel.kernel, panel.sigma)
    inputs = {"noisy": noisy, "blurred": blurred}
    yield spot.figure_node(spot.panel_id, {"plot": "blur_rows"}, inputs)


def one_step_nodes(spot: Spot, panel: OneStep) -> Iterator[Node]:
    noisy = spot.nodes.noised(spot.where, panel.image, panel.timesteps, spot.seed)
    prompt = prompt_of(spot.settings, panel)
    estimate = spot.nodes.one_step(
        spot.where, noisy, len(panel.timesteps), prompt, panel.guidance_scale
    )
    inputs = {"noisy": noisy, "estimate": estimate}
    yield spot.figure_node(spot.panel_id, {"plot": "one_step_rows"}, inputs)


def iterative_nodes(spot: Spot, panel: Iterative) -> Iterator[Node]:
    made = spot.picture(_label(panel), _denoised(spot, panel, panel.snapshots))
    yield spot.figure_node(spot.panel_id, {"plot": "snapshots"}, {"trajectory": made})


def methods_nodes(spot: Spot, panel: Methods) -> Iterator[Node]:
    """One-step estimate and blur begin at the timestep at which the iterative method begins."""
    t = spot.settings.timesteps[panel.i_start]
    nodes = spot.nodes
    noisy = nodes.noised(spot.where, panel.image, [t], spot.seed)
    prompt = prompt_of(spot.settings, panel)
    inputs = {
        "image": nodes.image(panel.image),
        "trajectory": spot.picture(_label(panel), _denoised(spot, panel)),
        "estimate": nodes.one_step(spot.where, noisy, 1, prompt, panel.guidance_scale),
        "blurred": nodes.blurred(spot.where, noisy, panel.kernel, panel.sigma),
    }
    yield spot.figure_node(spot.panel_id, {"plot": "methods", "timestep": t}, inputs)


def _label(panel: Iterative | Methods) -> str:
    return f"{panel.image}-i{panel.i_start:02d}"


def _denoised(
    spot: Spot, panel: Iterative | Methods, snapshots: list[int] | None = None
) -> Sampling:
    return Sampling(
        [prompt_of(spot.settings, panel)],
        spot.seed,
        guidance_of(spot.settings, panel),
        image=panel.image,
        i_start=panel.i_start,
        snapshots=snapshots or [],
    )
