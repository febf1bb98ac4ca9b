"""From the plain parameters of a node to network, objective, sampler and recipe."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from tasks.diffusion.inference import InferenceNetwork
from tasks.diffusion.objectives import DDPM, Denoiser, FlowMatching, Objective, PureNoiseDenoiser
from tasks.diffusion.samplers import AncestralSampler, FlowSampler, Sampler
from tasks.diffusion.schedule import NoiseSchedule, linear_schedule
from tasks.diffusion.seeds import seeded_initialisation
from tasks.diffusion.trainer import Recipe
from tasks.diffusion.unet import CourseUNet
from tasks.step import Step
from tasks.store.node import JSON

Params = Mapping[str, JSON]


def build_network(params: Params, seed: int) -> CourseUNet:
    """The network of params["network"] with weights drawn from `seed`."""
    network = params["network"]
    with seeded_initialisation(seed):
        return CourseUNet(
            network["hidden_width"],
            network["time_conditioning"],
            network["num_classes"],
        )


def build_objective(params: Params) -> Objective:
    objective = params["objective"]
    kind = objective["kind"]
    if kind == "denoiser":
        return Denoiser(objective["sigma"])
    if kind == "pure_noise":
        return PureNoiseDenoiser()
    num_classes = params["network"]["num_classes"]
    p_uncond = objective.get("p_uncond", 0.0)
    if kind == "ddpm":
        return DDPM(_schedule(objective), num_classes, p_uncond)
    return FlowMatching(num_classes, p_uncond)


def build_sampler(params: Params) -> Sampler:
    sampler = params["sampler"]
    if sampler["method"] == "ddpm":
        return AncestralSampler(_schedule(params["objective"]))
    return FlowSampler(sampler["method"], sampler["steps"])


def build_recipe(params: Params, seed: int, number_format: str) -> Recipe:
    return Recipe(
        batch_size=params["batch_size"],
        epochs=params["epochs"],
        learning_rate=params["learning_rate"],
        seed=seed,
        decay=params.get("decay", "constant"),
        steps_per_epoch=params["steps_per_epoch"],
        ema_decay=params.get("ema_decay"),
        max_shift=params["max_shift"],
        number_format=number_format,
    )


def load_for_inference(step: Step) -> InferenceNetwork:
    """The checkpoint that params["epoch"] names, of the input "model", ready to predict."""
    network = build_network(step.params, seed=0)
    weights: dict[str, Tensor] = step.read_tensors("model", checkpoint_name(step.params["epoch"]))
    network.load_state_dict(weights)
    return InferenceNetwork(network, step.device, step.number_format)


def checkpoint_name(epoch: int) -> str:
    """Object name of the checkpoint after `epoch`, counted from 1."""
    return f"epoch-{epoch:03d}.safetensors"


def _schedule(objective: Mapping[str, JSON]) -> NoiseSchedule:
    return linear_schedule(
        objective["num_timesteps"], objective["beta_start"], objective["beta_end"]
    )
