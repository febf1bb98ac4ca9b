"""How long the rest of a run will take, from past durations and the run's own pace."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

SECONDS_BEFORE_OWN_PACE = 3.0
"""A step's own progress is believed once it has gone on for this long; its start is slow."""


@dataclass
class _Running:
    since: float
    share: float = 0.0


class TimeLeft:
    """predicted: node name to seconds, None where nothing is known. work, kinds: by node name.
    places: steps that compute at once."""

    def __init__(
        self,
        predicted: dict[str, float | None],
        work: dict[str, float],
        kinds: dict[str, str],
        places: int = 1,
    ) -> None:
        self._places = places
        self._open = dict(predicted)
        self._work = work
        self._kinds = kinds
        self._running: dict[str, _Running] = {}
        self._seen: dict[str, tuple[float, float]] = {}

    def started(self, name: str, now: float) -> None:
        self._running[name] = _Running(now)

    def joined(self, name: str, members: Iterable[str]) -> None:
        """From here on these nodes go on as one, under the name of their batch."""
        known = [member for member in members if member in self._open]
        if not known:
            return
        predicted = [self._open.pop(member) for member in known]
        times = [seconds for seconds in predicted if seconds is not None]
        self._open[name] = sum(times) if len(times) == len(known) else None
        self._work[name] = sum(self._work[member] for member in known)
        self._kinds[name] = self._kinds[known[0]]

    def progressed(self, name: str, share: float) -> None:
        """share: how much of the step is done, 0 to 1."""
        if name in self._running:
            self._running[name].share = share

    def ended(self, name: str, seconds: float | None) -> None:
        """seconds: what it took, None if it was not computed."""
        self._running.pop(name, None)
        if name in self._open and seconds is not None:
            spent, work = self._seen.get(self._kinds[name], (0.0, 0.0))
            self._seen[self._kinds[name]] = (spent + seconds, work + self._work[name])
        self._open.pop(name, None)

    def seconds(self, now: float) -> tuple[float, bool]:
        """Seconds left, and whether every open node could be foreseen."""
        total, longest, is_complete = 0.0, 0.0, True
        for name, predicted in self._open.items():
            left = self._left(name, predicted, now)
            if left is None:
                is_complete = False
            else:
                total += left
                longest = max(longest, left)
        return max(total / self._places, longest), is_complete

    def _left(self, name: str, predicted: float | None, now: float) -> float | None:
        running = self._running.get(name)
        if running is not None:
            elapsed = now - running.since
            if running.share > 0 and elapsed >= SECONDS_BEFORE_OWN_PACE:
                return elapsed * (1 - running.share) / running.share
        if predicted is None and (seen := self._seen.get(self._kinds[name])):
            spent, work = seen
            predicted = spent * self._work[name] / work if work > 0 else None
        if predicted is None or running is None:
            return predicted
        return max(predicted - (now - running.since), 0.0)
