"""What a batch tells while it is computed: it goes on as one, and each node ends by itself."""

from __future__ import annotations

from dataclasses import dataclass

from tasks.running.kinds import KINDS, Kind
from tasks.running.progress import BUS, Event, What
from tasks.running.run_step import StepNode
from tasks.store.node import Identity


@dataclass(frozen=True)
class Member:
    """A node of the batch that is to be computed."""

    node: StepNode
    identity: Identity


@dataclass
class Batch:
    """name: as shown. members: to be computed, one for each key."""

    name: str
    kind_name: str
    members: list[Member]

    @property
    def kind(self) -> Kind:
        return KINDS[self.kind_name]

    def publish(self, what: What, done: float = 0.0, message: str = "", seconds: float = 0) -> None:
        names = tuple(member.node["name"] for member in self.members)
        event = Event(self.name, self.kind_name, what, done, 1.0, message, seconds, members=names)
        BUS.publish(event)

    def report(self, done: float, total: float, message: str) -> None:
        """What any of its steps reports is how far the batch is."""
        if total > 0:
            self.publish("progress", done / total, message)

    def publish_of(
        self, node: StepNode, what: What, message: str = "", seconds: float = 0.0, *, told: bool
    ) -> None:
        """told: whether the batch's own event tells of it."""
        batch = self.name if told else ""
        name, kind = node["name"], self.kind_name
        BUS.publish(Event(name, kind, what, message=message, seconds=seconds, batch=batch))


def told(error: BaseException) -> str:
    """An error as events give it."""
    return str(error) or type(error).__name__
