"""The nodes whose inputs are there, and which of them goes next: alone, or with its like."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from flows.plan.plan import PlannedNode
from flows.run.batches import Together, together
from tasks.running.kinds import KINDS


class ReadyNodes:
    """First come, first served; nodes that can be computed together wait for each other.

    Single nodes go first. A batch goes once it is full, once none of its kind is still to come, or
    once nothing else goes on from which more could come; in the order of the plan, and only while
    a device is free. So all prompts are encoded, then all trajectories are sampled
    and judged, then all pictures enlarged: each network is loaded once, and its batches are full.
    """

    def __init__(self, nodes: Sequence[PlannedNode], *, joins: bool) -> None:
        """nodes: all that will ever be ready, in the order of the plan. joins: whether nodes are
        computed together at all."""
        self._place = {node.name: place for place, node in enumerate(nodes)}
        self._alone: deque[str] = deque()
        self._joined: dict[Together, list[str]] = {}
        self._awaited: dict[Together, int] = {}
        self._group: dict[str, Together] = {}
        for node in nodes if joins else ():
            if (group := together(node)) is not None:
                self._group[node.name] = group
                self._joined.setdefault(group, [])
                self._awaited[group] = self._awaited.get(group, 0) + 1

    def __bool__(self) -> bool:
        return bool(self._alone) or any(self._joined.values())

    def is_joined(self, name: str) -> bool:
        """Whether the node is of a kind that is computed together."""
        return name in self._group

    def add(self, name: str) -> None:
        group = self._group.get(name)
        if group is None:
            self._alone.append(name)
        else:
            self._joined[group].append(name)
            self._awaited[group] -= 1

    def take(self, *, is_idle: bool, free_devices: int) -> list[str]:
        """The nodes to start next, and no longer ready; empty if all of them wait for others.

        is_idle: nothing runs, so nothing will become ready by waiting. free_devices: on which
        nothing computes; a last batch is divided among them.
        """
        if self._alone:
            return [self._alone.popleft()]
        for group, names in self._joined.items():
            is_complete = bool(names) and not self._awaited[group]
            can_run = free_devices > 0 or not KINDS[group.kind].uses_accelerator
            if can_run and (is_complete or len(names) >= group.limit):
                return self._take_batch(group, max(1, free_devices))
        if is_idle:
            for group, names in self._joined.items():
                if names:
                    return self._take_batch(group, max(1, free_devices))
        return []

    def _take_batch(self, group: Together, devices: int) -> list[str]:
        # By their place in the plan, so that a batch holds neighbours of one figure.
        names = sorted(self._joined[group], key=self._place.__getitem__)
        # Full while more are to come; the last ones about as large as each other.
        size = group.limit if self._awaited[group] else group.size_for(len(names), devices)
        self._joined[group] = names[size:]
        return names[:size]
