"""Step of kind "schedule": noise schedules as a table, for figures, which do without torch."""

from __future__ import annotations

import math
from collections import Counter

import pyarrow as pa

from tasks.diffusion.process.gaussian_process import posterior_variance
from tasks.diffusion.process.noise_schedules import signal_to_noise
from tasks.running.step import Step, StepResult, table_to_bytes
from tasks.store.node import JSON
from tasks.training.model_parts import build_schedule


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
