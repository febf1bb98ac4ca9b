"""Noise schedules: their betas, and how much signal they leave."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from flows.declaration.objectives import NoiseSchedule
from flows.figures.panel import Nodes, Panel, Place, Spot
from flows.figures.parameters import Noise
from flows.nodes.model_nodes import plain
from tasks.store.node import Node


class _Schedules(Panel):
    """A panel of schedules, one line each."""

    schedules: Annotated[list[Noise], Field(min_length=1, max_length=5)]

    def draw(self, spot: Spot) -> Nodes:
        source = schedule_node(spot, self.schedules)
        yield source
        yield spot.drawing({"schedule": source.name}, is_seeded=False)

    def _listed(self) -> str:
        return "; ".join(map(schedule_words, self.schedules))


class Schedules(_Schedules):
    """beta, alpha-bar and posterior variance over the timesteps, one line a schedule."""

    heading = "Four schedules"

    plot: Literal["schedules"]

    def told(self, place: Place) -> str:
        return (
            f"beta_t, alpha-bar_t and the posterior variance beta_t (1 - alpha-bar_t-1) / "
            f"(1 - alpha-bar_t): {self._listed()}."
        )


class SignalToNoise(_Schedules):
    """Signal-to-noise ratio of x_t in dB, the last value of each schedule named."""

    heading = "Signal-to-noise ratio"

    plot: Literal["signal_to_noise"]

    def told(self, place: Place) -> str:
        return (
            "alpha-bar_t / (1 - alpha-bar_t) in dB; the value at T is what sampling from N(0, I) "
            f"takes for nothing: {self._listed()}."
        )


def schedule_node(spot: Spot, schedules: list[NoiseSchedule]) -> Node:
    """The node that tabulates the schedules of a panel."""
    params = {"schedules": [plain(schedule) for schedule in schedules]}
    return Node(f"schedule/{spot.where}", "schedule", params)


def schedule_words(schedule: NoiseSchedule) -> str:
    text = f"{schedule.schedule}, T = {schedule.num_timesteps}"
    if schedule.schedule == "cosine":
        return text
    return f"{text}, beta {schedule.beta_start:g} to {schedule.beta_end:g}"
