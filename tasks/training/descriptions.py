"""Steps of kinds "network" and "schedule": tables of what is trained, for figures without torch."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import pyarrow as pa
import torch
from torch import Tensor, nn

from tasks.diffusion.networks.convnext_unet import ConvNextUNet
from tasks.diffusion.networks.unet import count_parameters
from tasks.diffusion.process.gaussian_process import posterior_variance
from tasks.diffusion.process.noise_schedules import signal_to_noise
from tasks.diffusion.seeds import named_generator, seeded_initialisation
from tasks.running.step import Step, StepResult, table_to_bytes
from tasks.store.node import JSON
from tasks.training.model_parts import build_schedule


def describe_network(step: Step) -> StepResult:
    """Objects: parts.parquet with columns network (its place in params), part, shape (of what
    leaves the part, a batch of one) and parameters; the last part of each is the whole network.

    Metrics: parameters_<place>.
    """
    rows, metrics = [], {}
    for place, described in enumerate(step.params["networks"]):
        parts = network_parts(described, step.seed)
        rows += [{"network": place, **part} for part in parts]
        metrics[f"parameters_{place}"] = float(parts[-1]["parameters"])
    return StepResult({"parts.parquet": table_to_bytes(pa.Table.from_pylist(rows))}, metrics)


def network_parts(described: Mapping[str, JSON], seed: int) -> list[dict[str, Any]]:
    """part, shape and parameters in the order in which an image passes them."""
    with seeded_initialisation(seed):
        network = ConvNextUNet(
            described["hidden_width"],
            described["multipliers"],
            described["channels"],
            described["heads"],
        ).eval()
    rows: list[dict[str, Any]] = []

    def note(name: str) -> Callable[[nn.Module, object, Tensor], None]:
        def hook(module: nn.Module, inputs: object, output: Tensor) -> None:
            shape = " x ".join(map(str, output.shape))
            rows.append({"part": name, "shape": shape, "parameters": count_parameters(module)})

        return hook

    for name, part in _named_parts(network).items():
        part.register_forward_hook(note(name))
    size = described["size"]
    generator = named_generator(seed, "image")
    x = torch.randn(1, described["channels"], size, size, generator=generator)
    with torch.no_grad():
        network(x, torch.ones(1))
    return rows


def _named_parts(network: ConvNextUNet) -> dict[str, nn.Module]:
    parts: dict[str, nn.Module] = {"time embedding": network.time, "first 7x7": network.first}
    for number, level in enumerate(network.down, 1):
        parts[f"down {number}: 2 blocks, linear attention"] = level
    for number, halve in enumerate(network.downsample, 1):
        parts[f"halve {number}"] = halve
    parts["middle: block"] = network.middle1
    parts["middle: full attention"] = network.middle_attention
    parts["middle: second block"] = network.middle2
    for number, level in enumerate(network.up, 1):
        parts[f"up {number}: 2 blocks, linear attention"] = level
    for number, double in enumerate(network.upsample, 1):
        parts[f"double {number}"] = double
    return parts | {"last block": network.last, "last 1x1": network.out, "whole network": network}


def tabulate_schedules(step: Step) -> StepResult:
    """Objects: schedules.parquet with columns schedule (its place in params), name, t (1..T), beta,
    alpha_bar, posterior_variance and signal_to_noise.

    Metrics: terminal_snr_<name>_<T> in dB, of x_T, followed by _<beta_start>_<beta_end> where
    schedules share name and T.
    """
    tables, metrics = [], {}
    shared = Counter(map(_metric, step.params["schedules"]))
    for place, described in enumerate(step.params["schedules"]):
        schedule = build_schedule(described)
        name, last = described["schedule"], schedule.num_timesteps
        snr = signal_to_noise(schedule)
        metric = _metric(described)
        if shared[metric] > 1:
            metric += f"_{described['beta_start']}_{described['beta_end']}"
        metrics[metric] = 10 * math.log10(float(snr[-1]))
        columns = {
            "beta": schedule.beta,
            "alpha_bar": schedule.alpha_bar,
            "posterior_variance": posterior_variance(schedule),
            "signal_to_noise": snr,
        }
        tables.append(
            pa.table(
                {
                    "schedule": pa.array([place] * last, pa.int32()),
                    "name": [name] * last,
                    "t": pa.array(range(1, last + 1), pa.int32()),
                    **{column: values[1:].numpy() for column, values in columns.items()},
                }
            )
        )
    return StepResult({"schedules.parquet": table_to_bytes(pa.concat_tables(tables))}, metrics)


def _metric(schedule: JSON) -> str:
    return f"terminal_snr_{schedule['schedule']}_{schedule['num_timesteps']}"
