"""What Prefect, the store and the manifest cost a node, on 200 nodes that do nothing."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from tasks.running.kinds import KINDS, Kind
from tasks.running.run_step import run_step
from tasks.running.settings import RunSettings, StepNode
from tasks.running.step import Step, StepResult
from tasks.store.node import Identity
from tasks.store.store import Store

NODES = 200


def nothing(step: Step) -> StepResult:
    """A step of no work."""
    return StepResult({"nothing.txt": step.name.encode()})


def _nodes() -> list[StepNode]:
    identities = [Identity("nothing", 1, {"number": n}, {}, 0, "float32", {}) for n in range(NODES)]
    return [
        {
            "name": f"nothing/{number}",
            "key": identity.key,
            "identity": identity.to_json(),
            "work": 1.0,
            "force": False,
        }
        for number, identity in enumerate(identities)
    ]


@dataclass(frozen=True)
class Way:
    """name: of a way to run the nodes. seconds: median over runs, cold and then all cached."""

    name: str
    cold: float
    cached: float | None


def _timed(run: Callable[[], None]) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def _cold_and_cached(run: Callable[[], None]) -> tuple[float, float]:
    return _timed(run), _timed(run)


def _call_alone(nodes: list[StepNode], store: Store) -> None:
    for node in nodes:
        workspace = store.workspace(node["key"])
        nothing(Step(node["name"], node["key"], {}, {}, 0, store, "cpu", "float32", workspace))


def _run_steps(nodes: list[StepNode], settings: RunSettings, store: Store) -> None:
    for node in nodes:
        run_step(node, store, settings)


def _run_in_prefect(nodes: list[StepNode], settings: RunSettings) -> None:
    from prefect import flow
    from prefect.task_runners import ThreadPoolTaskRunner

    from flows.run.pipeline import NODE

    @flow(name="two-hundred-nodes", task_runner=ThreadPoolTaskRunner(max_workers=2))
    def two_hundred_nodes() -> None:
        futures = [NODE.submit(node, settings.to_json()) for node in nodes]
        for future in futures:
            future.wait()
            assert not isinstance(future.result(raise_on_failure=False), BaseException)

    two_hundred_nodes()


def measure(repeats: int) -> list[Way]:
    from flows.run.prefect_server import prefect_server, quiet_prefect

    quiet_prefect()
    with prefect_server():
        return _measure(repeats)


def _measure(repeats: int) -> list[Way]:
    KINDS["nothing"] = Kind("data", 1, "tests.benchmarks.orchestration:nothing", ())
    nodes = _nodes()
    alone: list[float] = []
    steps: list[tuple[float, float]] = []
    flows: list[tuple[float, float]] = []
    try:
        for _ in range(repeats):
            with tempfile.TemporaryDirectory() as folder:
                store = Store.open(f"{folder}/steps")
                settings = RunSettings(run_id="benchmark", store=f"{folder}/steps", device="cpu")
                alone.append(_timed(partial(_call_alone, nodes, store)))
                steps.append(_cold_and_cached(partial(_run_steps, nodes, settings, store)))
                Store.open(f"{folder}/flow")
                settings = RunSettings(run_id="benchmark", store=f"{folder}/flow", device="cpu")
                flows.append(_cold_and_cached(partial(_run_in_prefect, nodes, settings)))
    finally:
        del KINDS["nothing"]
    return [
        Way("functions called alone", statistics.median(alone), None),
        Way("steps with the store, no Prefect", *_medians(steps)),
        Way("a Prefect flow of tasks", *_medians(flows)),
    ]


def _medians(runs: list[tuple[float, float]]) -> tuple[float, float]:
    return statistics.median(r[0] for r in runs), statistics.median(r[1] for r in runs)


def section(repeats: int) -> str:
    ways = measure(repeats)
    rows = "\n".join(
        f"| {way.name} | {way.cold:.2f} | {1000 * (way.cold - ways[0].cold) / NODES:.1f} | "
        + (f"{1000 * way.cached / NODES:.1f} |" if way.cached is not None else "|")
        for way in ways
    )
    return f"""## Orchestration, {NODES} nodes that do nothing

Median of {repeats} runs. The overhead is against the functions alone; each node writes and syncs
one object and one manifest row. The embedded server is already running.

| way | cold, s | overhead, ms a node | all cached, ms a node |
|---|---:|---:|---:|
{rows}
"""
