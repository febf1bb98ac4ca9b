"""Do nodes of the plan, one alone or several of a kind by one call: ask the store, else compute,
then record.

Every node keeps its own key, lock and row, so nothing downstream can tell how it was computed. The
store's lock of a key is held while computing, so two runs of one node in threads or processes
compute it once. Those of a batch are taken in the order of their keys, by every run, so two runs
cannot wait for each other in a circle; the device comes after the locks. Killed at any point, a
node is either recorded with all its objects or still missing; nothing between.
"""

from __future__ import annotations

import contextlib
import functools
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypedDict

from tasks import StepCancelled, StepFailed
from tasks.running.device import hold_device
from tasks.running.progress import BUS, Event, ProgressArtifact, steps_should_end
from tasks.running.settings import Reference, RunSettings, StepNode, as_worker, read_identity
from tasks.running.step import Step, StepResult
from tasks.running.work import Ended, Member, Work
from tasks.store.row import Row
from tasks.store.store import Store

if TYPE_CHECKING:
    from prefect.client.schemas.objects import State


class MadeTogether(TypedDict):
    """What the task of a batch hands back: how each node ended, in the order given.

    Errors travel as they are, pickled by a cluster: the flow tells what they mean.
    """

    ends: list[Ended]


def do_node(node: StepNode, settings: dict[str, Any]) -> Reference | State[Any]:
    """The task of one node: where its artifact is, in a state named Cached if it was there before.

    settings: RunSettings as JSON.
    """
    from prefect.states import Cancelled, Completed

    run = RunSettings.from_json(settings)
    try:
        run, should_stop = as_worker(run, [node])
        with BUS.subscribed(ProgressArtifact(node["name"])):
            reference = run_step(node, _open_store(run.store), run, should_stop)
    except StepCancelled as cancelled:
        return Cancelled(message=str(cancelled))
    if reference["status"] == "cached":
        message = f"in the store as {node['key'][:12]}"
        return Completed(name="Cached", message=message, data=reference)
    return reference


def do_batch(batch: str, nodes: list[StepNode], settings: dict[str, Any]) -> State[Any]:
    """The task of several nodes of one kind, with MadeTogether: Cached if all were in the store,
    Failed if any failed.

    batch: its name. settings: RunSettings as JSON.
    """
    from prefect.states import Cancelled, Completed, Failed

    run = RunSettings.from_json(settings)
    try:
        run, should_stop = as_worker(run, nodes)
        with BUS.subscribed(ProgressArtifact(batch)):
            ends = run_batch(batch, nodes, _open_store(run.store), run, should_stop)
    except StepCancelled as cancelled:
        return Cancelled(message=str(cancelled))
    made = MadeTogether(ends=ends)
    failed = [
        f"{node['name']}: {end}"
        for node, end in zip(nodes, ends, strict=True)
        if isinstance(end, Exception)
    ]
    if failed:
        message = f"{len(failed)} of {len(nodes)} failed: {'; '.join(failed)}"
        return Failed(message=message, data=made)
    found = sum(not isinstance(end, Exception) and end["status"] == "cached" for end in ends)
    if found == len(nodes):
        return Completed(name="Cached", message="all in the store", data=made)
    message = f"{len(nodes) - found} computed" + (f", {found} in the store" if found else "")
    return Completed(message=message, data=made)


@functools.lru_cache(maxsize=4)
def _open_store(address: str) -> Store:
    """The store at `address`, opened once a process."""
    return Store.open(address)


def run_step(
    node: StepNode,
    store: Store,
    settings: RunSettings,
    should_stop: Callable[[], bool] = steps_should_end,
) -> Reference:
    """The artifact of `node`, from the store or computed.

    Raises what the step raises; InputMissing, CorruptArtifact or StoreFull from the store;
    StepCancelled once should_stop is true.
    """
    kind = read_identity(node).kind
    (end,) = _run(Work(node["name"], kind, False, store, settings, should_stop), [node])
    if isinstance(end, Exception):
        raise end
    return end


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
    (kind,) = {read_identity(node).kind for node in nodes}
    return _run(Work(name, kind, True, store, settings, should_stop), nodes)


def _run(work: Work, nodes: Sequence[StepNode]) -> list[Ended]:
    """How each node ended, in order."""
    ended: dict[str, Ended] = {}
    waiting: dict[str, Member] = {}
    for node in nodes:
        row = None if node["force"] else work.find_complete(node["key"])
        if row is not None:
            ended[node["name"]] = _cached(node, row)
        else:
            waiting.setdefault(node["key"], Member(node, read_identity(node)))
    work.members = list(waiting.values())
    with contextlib.ExitStack() as locks:
        on_wait = _waiting(work)
        for key in sorted(waiting):
            locks.enter_context(work.store.lock(key, on_wait))
        missing = []
        for member in work.members:
            # Another run may have recorded it while this one waited for the locks.
            row = work.find_complete(member.node["key"])
            # By force, but only once a run.
            if row and not (member.node["force"] and row.run_id != work.settings.run_id):
                ended[member.name] = _cached(member.node, row)
            else:
                missing.append(member)
        if missing:
            work.members = missing
            ended |= _compute(work)
    return [_of_node(node, ended, waiting, work) for node in nodes]


def _cached(node: StepNode, row: Row) -> Reference:
    """The node was found in the store."""
    BUS.publish(Event(node["name"], row.kind, "cached", seconds=row.seconds))
    return {"artifact": node["key"], "status": "cached", "seconds": row.seconds}


def _of_node(
    node: StepNode, ended: dict[str, Ended], waiting: dict[str, Member], work: Work
) -> Ended:
    """How a node ended. One that shares its key with another of the batch found it in the store."""
    if node["name"] in ended:
        return ended[node["name"]]
    outcome = ended[waiting[node["key"]].name]
    if isinstance(outcome, Exception):
        return outcome
    row = work.find_complete(node["key"])
    if row is None:
        return StepFailed(f"{node['name']}: what was just recorded is no longer in the store")
    return _cached(node, row)


def _waiting(work: Work) -> Callable[[], None]:
    """Says once that another run computes some of it, and ends the wait when asked to stop."""
    said = False

    def wait() -> None:
        nonlocal said
        if work.should_stop():
            what = "some of it" if work.is_batch else "it"
            raise StepCancelled(f"{work.name}: stopped while another run computed {what}")
        if not said:
            what = "some" if work.is_batch else "it"
            work.publish("waiting", message=f"waiting for another run, which is computing {what}")
            said = True

    return wait


def _compute(work: Work) -> dict[str, Ended]:
    """How each member ended, by name."""
    ended: dict[str, Ended] = {}
    steps: list[tuple[Member, Step]] = []
    for member in work.members:
        try:
            steps.append((member, work.make_step(member)))
        except Exception as error:
            work.publish_of(member, "failed", _told(error), told=False)
            ended[member.name] = error
    if not steps:
        return ended
    work.members = [member for member, _ in steps]
    try:
        results, seconds = _call(work, [step for _, step in steps])
    except BaseException as error:
        for member in work.members:
            work.publish_of(member, "failed", _told(error), told=True)
        if work.is_batch:
            work.publish("failed", message=_told(error))
        if isinstance(error, StepCancelled) or not isinstance(error, Exception):
            raise
        return ended | {member.name: error for member in work.members}
    shares = work.shares(results)
    for (member, step), result, share in zip(steps, results, shares, strict=True):
        outcome = work.record(member, step, result, share * seconds)
        ended[member.name] = outcome
        if isinstance(outcome, Exception):
            work.publish_of(member, "failed", _told(outcome), told=False)
        else:
            work.publish_of(member, "finished", seconds=share * seconds, told=True)
    if work.is_batch:
        work.publish("finished", seconds=seconds)
    return ended


def _told(error: BaseException) -> str:
    """An error as events give it."""
    return str(error) or type(error).__name__


def _call(work: Work, steps: list[Step]) -> tuple[Sequence[StepResult | Exception], float]:
    """What the kind's function makes of `steps`, and the seconds it took, waiting apart."""
    with hold_device(
        work.kind,
        steps[0].device,
        work.name,
        places=work.settings.places_to_hold,
        should_stop=work.should_stop,
        on_wait=lambda message: work.publish("waiting", message=message),
    ):
        if work.should_stop():
            raise StepCancelled(f"{work.name}: stopped before it began")
        work.publish("started")
        began = time.perf_counter()
        results: Sequence[StepResult | Exception]
        results = work.kind.load_batch()(steps) if work.is_batch else [work.kind.load()(*steps)]
        seconds = time.perf_counter() - began
    if len(results) != len(steps):
        raise StepFailed(f"{work.name}: {len(results)} results for {len(steps)} nodes")
    return results, seconds
