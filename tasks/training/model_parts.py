"""From the plain parameters of a node to network, objective, sampler and recipe."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

from tasks.diffusion.networks.convnext_unet import ConvNextUNet
from tasks.diffusion.networks.inference import AutocastNetwork, InferenceNetwork
from tasks.diffusion.networks.unet import CourseUNet
from tasks.diffusion.process.noise_schedules import NoiseSchedule, noise_schedule
from tasks.diffusion.process.objectives import (
    DDPM,
    PIXEL_RANGE,
    Denoiser,
    FlowMatching,
    NoisePrediction,
    Objective,
    PureNoiseDenoiser,
)
from tasks.diffusion.process.samplers import (
    AncestralSampler,
    DDIMSampler,
    FlowSampler,
    PosteriorSampler,
    Sampler,
)
from tasks.diffusion.process.trainer import Recipe
from tasks.diffusion.seeds import seeded_initialisation
from tasks.running.step import Step
from tasks.store.node import JSON

Params = Mapping[str, JSON]


def build_network(params: Params, seed: int) -> nn.Module:
    """The network of params["network"] with weights drawn from `seed`."""
    network = params["network"]
    with seeded_initialisation(seed):
        if network.get("kind") == "convnext":
            return ConvNextUNet(
                network["hidden_width"],
                network["multipliers"],
                heads=network["heads"],
                num_classes=network["num_classes"],
            )
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
        return DDPM(build_schedule(objective), num_classes, p_uncond)
    if kind == "noise_prediction":
        schedule = build_schedule(objective)
        return NoisePrediction(schedule, objective["loss"], num_classes, p_uncond)
    return FlowMatching(num_classes, p_uncond)


def build_sampler(params: Params) -> Sampler:
    sampler = params["sampler"]
    if sampler["method"] == "ddpm":
        return AncestralSampler(build_schedule(params["objective"]))
    if sampler["method"] == "ancestral":
        return PosteriorSampler(build_schedule(params["objective"]))
    if sampler["method"] == "ddim":
        schedule = build_schedule(params["objective"])
        return DDIMSampler(schedule, sampler["steps"], sampler["eta"], time_unit(params))
    return FlowSampler(sampler["method"], sampler["steps"])


def build_recipe(params: Params, seed: int, number_format: str) -> Recipe:
    return Recipe(
        batch_size=params["batch_size"],
        epochs=params["epochs"],
        learning_rate=params["learning_rate"],
        seed=seed,
        decay=params.get("decay", "constant"),
        optimizer=params.get("optimizer", "adam"),
        steps_per_epoch=params["steps_per_epoch"],
        ema_decay=params.get("ema_decay"),
        max_shift=params["max_shift"],
        horizontal_flip=params.get("horizontal_flip", False),
        number_format=number_format,
    )


def pixel_range(params: Params) -> tuple[float, float]:
    """What the network of params takes black and white to be."""
    return PIXEL_RANGE if params["objective"]["kind"] == "noise_prediction" else (0.0, 1.0)


def time_unit(params: Params) -> float:
    """What the network of params takes one timestep to be: 1, or 1/T where it is told t/T."""
    objective = params["objective"]
    return 1.0 if objective["kind"] == "noise_prediction" else 1 / objective["num_timesteps"]


def load_for_inference(step: Step) -> nn.Module:
    """The checkpoint that params["epoch"] names, of the input "model", ready to predict."""
    network = build_network(step.params, seed=0)
    weights: dict[str, Tensor] = step.read_tensors("model", checkpoint_name(step.params["epoch"]))
    network.load_state_dict(weights)
    if isinstance(network, ConvNextUNet):
        return AutocastNetwork(network, step.device, step.number_format)
    return InferenceNetwork(network, step.device, step.number_format)


def checkpoint_name(epoch: int) -> str:
    """Object name of the checkpoint after `epoch`, counted from 1."""
    return f"epoch-{epoch:03d}.safetensors"


def build_schedule(objective: Mapping[str, JSON]) -> NoiseSchedule:
    """The schedule of an objective, linear where it names none."""
    return noise_schedule(
        objective.get("schedule", "linear"),
        objective["num_timesteps"],
        objective["beta_start"],
        objective["beta_end"],
    )
