"""What is done by one call for one node or several, what it tells, and how its results enter the
store."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tasks import StepFailed
from tasks.running.kinds import KINDS, Kind
from tasks.running.progress import BUS, Event, What
from tasks.running.settings import Reference, RunSettings, StepNode
from tasks.running.step import Step, StepResult
from tasks.store.node import Identity
from tasks.store.row import INFO_NAME, Row, digest_of_inputs
from tasks.store.store import Store

ROWS_METRIC = "unet_rows"
"""What a step counted of the work it had in its batch; its share of the time goes by it."""

Ended = Reference | Exception


class InputMissing(StepFailed):
    """An input that the plan counted on is not in the store. A new plan computes it again."""


@dataclass(frozen=True)
class Member:
    """A node that is to be computed."""

    node: StepNode
    identity: Identity

    @property
    def name(self) -> str:
        return self.node["name"]


@dataclass
class Work:
    """What is done by one call, for one node or a batch; its nodes start and go on as one, and each
    ends by itself.

    name: as shown. members: still to be computed, one for each key.
    """

    name: str
    kind_name: str
    is_batch: bool
    store: Store
    settings: RunSettings
    should_stop: Callable[[], bool]
    members: Sequence[Member] = ()

    @property
    def kind(self) -> Kind:
        return KINDS[self.kind_name]

    def publish(
        self,
        what: What,
        done: float = 0.0,
        total: float = 0.0,
        message: str = "",
        seconds: float = 0,
    ) -> None:
        """Of all members together."""
        names = tuple(member.name for member in self.members) if self.is_batch else ()
        event = Event(self.name, self.kind_name, what, done, total, message, seconds, members=names)
        BUS.publish(event)

    def report(self, done: float, total: float, message: str) -> None:
        """What any of its steps reports is how far all of it is."""
        if not self.is_batch:
            self.publish("progress", done, total, message)
        elif total > 0:
            self.publish("progress", done / total, 1.0, message)

    def publish_of(
        self, member: Member, what: What, message: str = "", seconds: float = 0.0, *, told: bool
    ) -> None:
        """Of one member. told: whether the batch's own event tells of it."""
        batch = self.name if told and self.is_batch else ""
        event = Event(
            member.name, self.kind_name, what, message=message, seconds=seconds, batch=batch
        )
        BUS.publish(event)

    def find_complete(self, key: str) -> Row | None:
        """The row of `key` if the store holds it with all its objects."""
        row = self.store.find(key, self.kind_name)
        return row if row is not None and self.store.missing_object(row) is None else None

    def make_step(self, member: Member) -> Step:
        """What its function is given. Raises InputMissing if an input is not in the store."""
        node, identity, settings = member.node, member.identity, self.settings
        inputs = self.store.find_all(set(identity.inputs.values()))
        for role, key in identity.inputs.items():
            if key not in inputs:
                found = f"its input {role} ({key[:12]}) is not in the store"
                raise InputMissing(f"{member.name}: {found}; run it first")
        return Step(
            name=member.name,
            key=node["key"],
            params=identity.params,
            inputs={role: inputs[key] for role, key in identity.inputs.items()},
            seed=identity.seed,
            store=self.store,
            device=settings.device if self.kind.uses_accelerator else "cpu",
            number_format=identity.number_format,
            workspace=self.store.workspace(node["key"]),
            data_root=settings.data_root,
            project_root=Path(settings.project_root),
            image_files=settings.image_files,
            report=self.report,
            should_stop=self.should_stop,
        )

    def record(
        self, member: Member, step: Step, result: StepResult | Exception, seconds: float
    ) -> Ended:
        """Objects first, then the row that names them."""
        if isinstance(result, Exception):
            return result
        settings = self.settings
        try:
            objects = {
                name: step.store.put_object(data, os.path.splitext(name)[1].removeprefix("."))
                for name, data in result.objects.items()
            }
            step.store.record(
                Row(
                    key=step.key,
                    name=step.name,
                    kind=member.identity.kind,
                    identity=member.node["identity"],
                    params=dict(step.params),
                    inputs=dict(member.identity.inputs),
                    objects=objects,
                    metrics=dict(result.metrics),
                    info={**result.info, INFO_NAME: digest_of_inputs(step.inputs)},
                    seed=step.seed,
                    device=step.device,
                    number_format=step.number_format,
                    seconds=seconds,
                    work=member.node["work"],
                    git_commit=settings.git_commit,
                    git_dirty=settings.git_dirty,
                    versions=dict(settings.versions),
                    host=settings.host,
                    run_id=settings.run_id,
                )
            )
            step.store.discard_workspace(step.key)
        except Exception as error:
            return error
        return {"artifact": step.key, "status": "done", "seconds": seconds}

    def shares(self, results: Sequence[StepResult | Exception]) -> list[float]:
        """Of the whole time, what went into each: by the rows each counted, else by its work."""
        rows = [
            0.0 if isinstance(result, Exception) else result.metrics.get(ROWS_METRIC)
            for result in results
        ]
        weights = [float(row) for row in rows if row is not None]
        if len(weights) < len(rows) or not sum(weights):
            weights = [member.node["work"] for member in self.members]
        total = sum(weights)
        return [weight / total if total > 0 else 1 / len(weights) for weight in weights]
