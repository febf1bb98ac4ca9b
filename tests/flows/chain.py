"""A chain of fake nodes, run one after another without a plan or Prefect.

python -m tests.flows.chain STORE LENGTH    runs it, for tests that kill the process
"""

from __future__ import annotations

import os
import sys

from tasks.running.run_step import run_step
from tasks.running.settings import Reference, RunSettings, StepNode
from tasks.store.node import Identity
from tasks.store.store import Store
from tests.flows import fake_kinds


def step_node(
    name: str,
    *,
    kind: str = "data",
    seed: int = 0,
    inputs: dict[str, str] | None = None,
    force: bool = False,
) -> StepNode:
    """inputs: role to key."""
    identity = Identity(kind, 1, {"name": name}, inputs or {}, seed, "float32", {})
    return {
        "name": name,
        "key": identity.key,
        "identity": identity.to_json(),
        "work": 1.0,
        "force": force,
    }


def chain(length: int) -> list[StepNode]:
    """Each node reads the one before it."""
    nodes: list[StepNode] = []
    for position in range(length):
        inputs = {"before": nodes[-1]["key"]} if nodes else {}
        nodes.append(step_node(f"data/{position:02d}", seed=position, inputs=inputs))
    return nodes


def settings(store: Store, run_id: str = "run") -> RunSettings:
    return RunSettings(run_id=run_id, store=store.address, device="cpu")


def run_chain(store: Store, length: int) -> list[Reference]:
    return [run_step(node, store, settings(store)) for node in chain(length)]


if __name__ == "__main__":
    fake_kinds.install()
    print(os.getpid(), flush=True)
    run_chain(Store.open(sys.argv[1]), int(sys.argv[2]))
