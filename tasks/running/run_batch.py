"""Do several nodes of one kind with one call: what run_step does for one, for each of them.

Every node keeps its own key, lock and row, so nothing downstream can tell how it was computed. The
locks are taken in the order of their keys, by every run, so two runs cannot wait for each other in
a circle; the device comes after the locks. Killed at any point, what the batch had not recorded is
missing and the rest is whole.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence

from tasks import StepCancelled, StepFailed
from tasks.running.batch_events import Batch, Member, told
from tasks.running.cancellation import steps_should_end
from tasks.running.hold_device import hold_device
from tasks.running.run_step import (
    Reference,
    RunSettings,
    StepNode,
    cached,
    find_complete,
    make_step,
    must_compute,
    read_identity,
    record_result,
)
from tasks.running.step import Step, StepResult
from tasks.store.store import Store

ROWS_METRIC = "unet_rows"
"""What a step counted of the work it had in its batch; its share of the time goes by it."""

Ended = Reference | Exception


def run_batch(
    name: str,
    nodes: Sequence[StepNode],
    store: Store,
    settings: RunSettings,
    should_stop: Callable[[], bool] = steps_should_end,
) -> list[Ended]:
    """The artifact of each of `nodes`, from the store or computed, or why it failed; in order.

    name: of the batch, in messages. nodes: all of one kind, whose batch_function computes them.
    Raises StepCancelled once should_stop is true; every other error is that of its nodes.
    """
    identities = [read_identity(node) for node in nodes]
    (kind_name,) = {identity.kind for identity in identities}
    ended: dict[str, Ended] = {}
    waiting: dict[str, Member] = {}
    for node, identity in zip(nodes, identities, strict=True):
        row = None if node["force"] else find_complete(store, node["key"], kind_name)
        if row is not None:
            ended[node["name"]] = cached(node, row)
        else:
            waiting.setdefault(node["key"], Member(node, identity))
    with contextlib.ExitStack() as locks:
        batch = Batch(name, kind_name, list(waiting.values()))
        on_wait = _waiting(batch, should_stop)
        for key in sorted(waiting):
            locks.enter_context(store.lock(key, on_wait))
        missing = []
        for member in waiting.values():
            # Another run may have recorded it while this one waited for the locks.
            row = find_complete(store, member.node["key"], kind_name)
            if row and not must_compute(member.node, row, settings):
                ended[member.node["name"]] = cached(member.node, row)
            else:
                missing.append(member)
        if missing:
            batch = Batch(name, kind_name, missing)
            ended |= _compute(batch, store, settings, should_stop)
    return [_of_node(node, ended, waiting, store) for node in nodes]


def _of_node(
    node: StepNode, ended: dict[str, Ended], waiting: dict[str, Member], store: Store
) -> Ended:
    """How a node ended. One that shares its key with another of the batch found it in the store."""
    if node["name"] in ended:
        return ended[node["name"]]
    outcome = ended[waiting[node["key"]].node["name"]]
    if isinstance(outcome, Exception):
        return outcome
    row = find_complete(store, node["key"], waiting[node["key"]].identity.kind)
    if row is None:
        return StepFailed(f"{node['name']}: what was just recorded is no longer in the store")
    return cached(node, row)


def _waiting(batch: Batch, should_stop: Callable[[], bool]) -> Callable[[], None]:
    """Says once that another run computes some of it, and ends the wait when asked to stop."""
    said = False

    def wait() -> None:
        nonlocal said
        if should_stop():
            raise StepCancelled(f"{batch.name}: stopped while another run computed some of it")
        if not said:
            batch.publish("waiting", message="waiting for another run, which is computing some")
            said = True

    return wait


def _compute(
    batch: Batch, store: Store, settings: RunSettings, should_stop: Callable[[], bool]
) -> dict[str, Ended]:
    """How each member ended, by name."""
    ended: dict[str, Ended] = {}
    steps: list[tuple[Member, Step]] = []
    for member in batch.members:
        name = member.node["name"]
        try:
            step = make_step(
                member.node, member.identity, store, settings, should_stop, batch.report
            )
        except Exception as error:
            batch.publish_of(member.node, "failed", told(error), told=False)
            ended[name] = error
        else:
            steps.append((member, step))
    if not steps:
        return ended
    batch.members = [member for member, _ in steps]
    try:
        results, seconds = _run_together(batch, [step for _, step in steps], settings, should_stop)
    except BaseException as error:
        for member in batch.members:
            batch.publish_of(member.node, "failed", told(error), told=True)
        batch.publish("failed", message=told(error))
        if isinstance(error, StepCancelled) or not isinstance(error, Exception):
            raise
        return ended | {member.node["name"]: error for member in batch.members}
    shares = _shares(batch, results)
    for (member, step), result, share in zip(steps, results, shares, strict=True):
        outcome = _record(member, step, result, share * seconds, settings)
        ended[member.node["name"]] = outcome
        if isinstance(outcome, Exception):
            batch.publish_of(member.node, "failed", told(outcome), told=False)
        else:
            batch.publish_of(member.node, "finished", seconds=share * seconds, told=True)
    batch.publish("finished", seconds=seconds)
    return ended


def _run_together(
    batch: Batch, steps: list[Step], settings: RunSettings, should_stop: Callable[[], bool]
) -> tuple[Sequence[StepResult | Exception], float]:
    """What the kind's function makes of `steps`, and the seconds it took, waiting apart."""
    with hold_device(
        batch.kind,
        steps[0].device,
        batch.name,
        settings,
        should_stop=should_stop,
        on_wait=lambda message: batch.publish("waiting", message=message),
    ):
        if should_stop():
            raise StepCancelled(f"{batch.name}: stopped before it began")
        batch.publish("started")
        began = time.perf_counter()
        results = batch.kind.load_batch()(steps)
        seconds = time.perf_counter() - began
    if len(results) != len(steps):
        raise StepFailed(f"{batch.name}: {len(results)} results for {len(steps)} nodes")
    return results, seconds


def _record(
    member: Member,
    step: Step,
    result: StepResult | Exception,
    seconds: float,
    settings: RunSettings,
) -> Ended:
    if isinstance(result, Exception):
        return result
    node = member.node
    try:
        record_result(node, member.identity, step, result, seconds, settings)
        step.store.discard_workspace(node["key"])
    except Exception as error:
        return error
    return {"name": node["name"], "key": node["key"], "status": "done", "seconds": seconds}


def _shares(batch: Batch, results: Sequence[StepResult | Exception]) -> list[float]:
    """Of the batch's time, what went into each: by the rows each counted, else by its work."""
    rows = [
        float(result.metrics[ROWS_METRIC])
        for result in results
        if isinstance(result, StepResult) and ROWS_METRIC in result.metrics
    ]
    made = [not isinstance(result, Exception) for result in results]
    if len(rows) == sum(made) and sum(rows) > 0:
        left = iter(rows)
        weights = [next(left) if is_made else 0.0 for is_made in made]
    else:
        weights = [member.node["work"] for member in batch.members]
    total = sum(weights)
    return [weight / total if total > 0 else 1 / len(weights) for weight in weights]
