"""Do one node of the plan: ask the store, else compute, then record.

The store's lock of the key is held while computing, so two runs of one node in threads or processes
compute it once. Killed at any point, the node is either recorded with all its objects or still
missing; nothing between.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, TypedDict

from tasks import BadInput, StepCancelled, StepFailed
from tasks.running.cancellation import steps_should_end
from tasks.running.hold_device import hold_device
from tasks.running.kinds import KINDS
from tasks.running.progress import BUS, Event
from tasks.running.step import Step, StepResult
from tasks.store.input_objects import INFO_NAME, digest_of_inputs
from tasks.store.node import JSON, Identity
from tasks.store.row import Row
from tasks.store.store import Store


class StepNode(TypedDict):
    """A planned node as plain JSON values: what a worker needs to do it.

    identity: canonical JSON of the node's Identity; key is its SHA-256.
    force: compute even if an earlier run recorded it.
    """

    name: str
    key: str
    identity: str
    work: float
    force: bool


class Reference(TypedDict):
    """What a step leaves behind, small enough for any database. seconds: computing, not waiting."""

    name: str
    key: str
    status: Literal["cached", "done"]
    seconds: float


@dataclass(frozen=True)
class RunSettings:
    """What all steps of one run share; plain JSON values.

    device: "cpu", "cuda" or "mps". git_commit, git_dirty: of the code that runs, None outside git.
    versions: distribution name to version, recorded with each row. project_root: the folder of
    pipelines.yaml. image_files: SHA-256 of each image file to where it lies
    (tasks.data.image_files).
    is_remote: the steps are done by processes of a cluster (tasks.running.remote_worker).
    places: steps that compute on the device at once, each on its share of it.
    device_is_granted: that starts no more steps on a device than it has, so none is held here.
    """

    run_id: str
    store: str
    device: str
    places: int = 1
    data_root: str | None = None
    project_root: str = "."
    image_files: Mapping[str, JSON] = field(default_factory=dict)
    git_commit: str | None = None
    git_dirty: bool | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    host: str = field(default_factory=socket.gethostname)
    is_remote: bool = False
    device_is_granted: bool = False

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> RunSettings:
        """StepFailed for those of another version of Darkroom, as a worker may be sent."""
        try:
            return cls(**values)
        except TypeError as error:
            raise StepFailed(
                f"the worker on {socket.gethostname()} has another version of Darkroom than the "
                f"run ({error}); install there what the run has, and start it again"
            ) from error


class InputMissing(StepFailed):
    """An input that the plan counted on is not in the store. A new plan computes it again."""


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
    identity = read_identity(node)
    if not node["force"] and (row := find_complete(store, node["key"], identity.kind)):
        return cached(node, row)
    with store.lock(node["key"], _waiting(node, identity.kind, should_stop)):
        # Another run may have recorded it while this one waited for the lock.
        row = find_complete(store, node["key"], identity.kind)
        if row and not must_compute(node, row, settings):
            return cached(node, row)
        return _compute(node, identity, store, settings, should_stop)


def read_identity(node: StepNode) -> Identity:
    """BadInput if the node's key is not that of its identity."""
    identity = Identity.from_json(node["identity"])
    if identity.key != node["key"]:
        raise BadInput(f"{node['name']}: its key is not that of its identity; plan it again")
    return identity


def must_compute(node: StepNode, row: Row, settings: RunSettings) -> bool:
    """Whether to compute the node although `row` is whole: by force, but only once a run."""
    return node["force"] and row.run_id != settings.run_id


def _waiting(node: StepNode, kind: str, should_stop: Callable[[], bool]) -> Callable[[], None]:
    """Says once that another run computes the node, and ends the wait when asked to stop."""
    said = False

    def wait() -> None:
        nonlocal said
        if should_stop():
            raise StepCancelled(f"{node['name']}: stopped while another run computed it")
        if not said:
            message = "waiting for another run, which is computing it"
            BUS.publish(Event(node["name"], kind, "waiting", message=message))
            said = True

    return wait


def find_complete(store: Store, key: str, kind: str) -> Row | None:
    """The row of `key` if the store holds it with all its objects."""
    row = store.find(key, kind)
    return row if row is not None and store.missing_object(row) is None else None


def cached(node: StepNode, row: Row) -> Reference:
    """The node was found in the store."""
    BUS.publish(Event(node["name"], row.kind, "cached", seconds=row.seconds))
    return {"name": node["name"], "key": node["key"], "status": "cached", "seconds": row.seconds}


def _compute(
    node: StepNode,
    identity: Identity,
    store: Store,
    settings: RunSettings,
    should_stop: Callable[[], bool],
) -> Reference:
    name, kind_name, kind = node["name"], identity.kind, KINDS[identity.kind]

    def publish(what: Any, done: float = 0.0, total: float = 0.0, message: str = "") -> None:
        BUS.publish(Event(name, kind_name, what, done, total, message))

    try:
        step = make_step(
            node,
            identity,
            store,
            settings,
            should_stop,
            lambda done, total, message: publish("progress", done, total, message),
        )
        with hold_device(
            kind,
            step.device,
            name,
            settings,
            should_stop=should_stop,
            on_wait=lambda message: publish("waiting", message=message),
        ):
            if should_stop():
                raise StepCancelled(f"{name}: stopped before it began")
            publish("started")
            began = time.perf_counter()
            result = kind.load()(step)
            seconds = time.perf_counter() - began
        record_result(node, identity, step, result, seconds, settings)
    except BaseException as error:
        BUS.publish(Event(name, kind_name, "failed", message=str(error) or type(error).__name__))
        raise
    store.discard_workspace(node["key"])
    BUS.publish(Event(name, kind_name, "finished", seconds=seconds))
    return {"name": name, "key": node["key"], "status": "done", "seconds": seconds}


def make_step(
    node: StepNode,
    identity: Identity,
    store: Store,
    settings: RunSettings,
    should_stop: Callable[[], bool],
    report: Callable[[float, float, str], None],
) -> Step:
    """What the node's function is given. Raises InputMissing if an input is not in the store."""
    return Step(
        name=node["name"],
        key=node["key"],
        params=identity.params,
        inputs=_input_rows(node, identity, store),
        seed=identity.seed,
        store=store,
        device=settings.device if KINDS[identity.kind].uses_accelerator else "cpu",
        number_format=identity.number_format,
        workspace=store.workspace(node["key"]),
        data_root=settings.data_root,
        project_root=Path(settings.project_root),
        image_files=settings.image_files,
        report=report,
        should_stop=should_stop,
    )


def _input_rows(node: StepNode, identity: Identity, store: Store) -> dict[str, Row]:
    found = store.find_all(set(identity.inputs.values()))
    for role, key in identity.inputs.items():
        if key not in found:
            raise InputMissing(
                f"{node['name']}: its input {role} ({key[:12]}) is not in the store; run it first"
            )
    return {role: found[key] for role, key in identity.inputs.items()}


def record_result(
    node: StepNode,
    identity: Identity,
    step: Step,
    result: StepResult,
    seconds: float,
    settings: RunSettings,
) -> None:
    """Objects first, then the row that names them."""
    objects = {
        name: step.store.put_object(data, os.path.splitext(name)[1].removeprefix("."))
        for name, data in result.objects.items()
    }
    step.store.record(
        Row(
            key=node["key"],
            name=node["name"],
            kind=identity.kind,
            identity=node["identity"],
            params=dict(identity.params),
            inputs=dict(identity.inputs),
            objects=objects,
            metrics=dict(result.metrics),
            info={**result.info, INFO_NAME: digest_of_inputs(step.inputs)},
            seed=identity.seed,
            device=step.device,
            number_format=identity.number_format,
            seconds=seconds,
            work=node["work"],
            git_commit=settings.git_commit,
            git_dirty=settings.git_dirty,
            versions=dict(settings.versions),
            host=settings.host,
            run_id=settings.run_id,
        )
    )
