"""Captions of noise and its removal."""

from __future__ import annotations

from flows.declaration.trajectory_panels import Blur, Forward, Iterative, Methods, OneStep
from flows.figures.text_to_image.captions.told import Told
from flows.figures.text_to_image.panel_words import numbers, quoted, start_words
from flows.figures.text_to_image.wanted import prompt_of
from flows.nodes.trajectory_nodes import shown_sigma


def forward(told: Told, panel: Forward) -> str:
    return (
        f"{told.images} under sqrt(abar_t) x + sqrt(1 - abar_t) eps at t = "
        f"{numbers(panel.timesteps)}. Noise schedule of the model. {told.origin}."
    )


def blur(told: Told, panel: Blur) -> str:
    return (
        f"{told.images} noised to t = {numbers(panel.timesteps)}, under a Gaussian blur of kernel "
        f"{panel.kernel}, sigma = {shown_sigma(panel.kernel, panel.sigma):g}, and under the blur "
        f"that comes closest to the original at each t. Noise schedule of the model. "
        f"{told.origin}."
    )


def one_step(told: Told, panel: OneStep) -> str:
    return (
        f"{told.images} noised to t = {numbers(panel.timesteps)}, and the clean image as "
        f"estimated in one step, prompt {_prompt(told, panel)}, {told.guidance}. {told.origin}."
    )


def iterative(told: Told, panel: Iterative) -> str:
    shown = numbers(sorted(panel.snapshots, reverse=True))
    return (
        f"{told.images} noised to {start_words(told.settings, [panel.i_start])} and denoised "
        f"with stride {told.settings.stride}: x_t before the step at t = {shown}, and the result. "
        f"Prompt {_prompt(told, panel)}, {told.guidance}. {told.origin}."
    )


def methods(told: Told, panel: Methods) -> str:
    return (
        f"{told.images} noised to {start_words(told.settings, [panel.i_start])}, restored "
        f"step by step, stride {told.settings.stride}, and in one step, and by a Gaussian blur of "
        f"kernel {panel.kernel}, sigma = {shown_sigma(panel.kernel, panel.sigma):g}. Prompt "
        f"{_prompt(told, panel)}, {told.guidance}. {told.origin}."
    )


def _prompt(told: Told, panel: OneStep | Iterative | Methods) -> str:
    return quoted([prompt_of(told.settings, panel)])
