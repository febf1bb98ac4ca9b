"""What a run is doing and how long it will take: a live display on a terminal, else plain lines.

Goes to stderr, so that stdout holds only what was asked for.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.spinner import Spinner
from rich.text import Text

from flows.plan import tables
from flows.plan.show_plan import format_seconds
from flows.run.run import Run
from tasks.running.progress import BUS, Event

SECONDS_BETWEEN_LINES = 15.0
"""Between two progress lines of one step where there is no terminal."""

SECONDS_BEFORE_OWN_PACE = 3.0
"""A step's own progress is believed once it has gone on for this long; its start is slow."""


class ProgressDisplay:
    """Follows one run. Events come from worker threads."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or tables.console(stderr=True)
        self._lock = threading.Lock()
        self._status = ""
        self._ended: dict[str, str] = {}
        self._nodes: set[str] = set()
        self._time_left = TimeLeft({}, {}, {})
        self._bars: dict[str, TaskID] = {}
        self._running: dict[str, int] = {}
        """How many nodes each bar is of."""
        self._last_line: dict[str, float] = {}
        self._progress = Progress(
            TextColumn("  {task.fields[name]}"),
            BarColumn(bar_width=24),
            TextColumn("{task.percentage:>3.0f} %"),
            TimeElapsedColumn(),
            TextColumn("[dim]{task.fields[message]}", markup=True),
            console=self._console,
        )
        self._spinner = Spinner("dots")

    @contextmanager
    def following(self, run: Run) -> Iterator[None]:
        """Show what becomes of the run's nodes until the context ends."""
        misses = run.misses()
        # Inputs that turn out damaged are made again, so the total may grow.
        self._nodes = {node.name for node in run.nodes()}
        self._time_left = TimeLeft(
            {node.name: node.seconds for node in misses},
            {node.name: node.node.work for node in misses},
            {node.name: node.node.kind for node in misses},
            run.plan.places,
        )
        with BUS.subscribed(self._on_event):
            if not self._console.is_terminal:
                yield
                return
            with Live(
                get_renderable=self._render,
                console=self._console,
                refresh_per_second=4,
                transient=True,
                redirect_stdout=False,
            ):
                yield

    def note(self, text: str) -> None:
        """A line that stays."""
        self._console.print(Text(text), soft_wrap=True)

    def status(self, text: str) -> None:
        """What goes on between steps, such as starting Prefect; shown until the next."""
        with self._lock:
            self._status = text
        if text and not self._console.is_terminal:
            self.note(text)

    def _on_event(self, event: Event) -> None:
        now = time.monotonic()
        with self._lock:
            if not event.members:
                self._nodes.add(event.name)
            if event.what == "waiting":
                self._status = f"{event.name}: {event.message}"
            elif event.what == "started":
                self._status = ""
                self._ended.pop(event.name, None)
                self._time_left.joined(event.name, event.members)
                self._time_left.started(event.name, now)
                self._bars[event.name] = self._progress.add_task(
                    "", total=None, name=event.name, message=""
                )
                self._running[event.name] = len(event.members) or 1
            elif event.what == "progress":
                self._on_progress(event)
            else:
                self._on_end(event)
        line = self._line(event, now)
        if line is not None:
            self.note(line)

    def _on_progress(self, event: Event) -> None:
        if event.total > 0:
            self._time_left.progressed(event.name, event.done / event.total)
        if event.name in self._bars:
            self._progress.update(
                self._bars[event.name],
                total=event.total or None,
                completed=event.done,
                message=Text(event.message).markup,
            )

    def _on_end(self, event: Event) -> None:
        what = "done" if event.what == "finished" else event.what
        if not event.members:
            self._ended[event.name] = what
        self._time_left.ended(event.name, event.seconds if what == "done" else None)
        if event.name in self._bars:
            self._progress.remove_task(self._bars.pop(event.name))
        self._running.pop(event.name, None)

    def _line(self, event: Event, now: float) -> str | None:
        """The line an event leaves behind; skipped and cached nodes leave none, and those of a
        batch one line together."""
        if event.batch:
            return None
        ended = f"[{len(self._ended)}/{len(self._nodes)}]"
        if event.what == "finished":
            return f"{ended} {event.name} done in {format_seconds(event.seconds)}"
        if event.what == "failed":
            return f"{ended} {event.name} failed: {event.message}"
        if self._console.is_terminal:
            return None
        if event.what == "waiting":
            return f"{event.name}: {event.message}"
        is_due = now - self._last_line.setdefault(event.name, now) >= SECONDS_BETWEEN_LINES
        if event.what == "progress" and event.total > 0 and is_due:
            self._last_line[event.name] = now
            share = 100 * event.done / event.total
            return f"{event.name} {share:.0f} %, {event.message}; {self._left(now)}"
        return None

    def _left(self, now: float) -> str:
        seconds, is_complete = self._time_left.seconds(now)
        if seconds < 1 and not is_complete:
            return "time left unknown"
        return f"{'about' if is_complete else 'more than'} {format_seconds(seconds)} left"

    def _render(self) -> RenderableType:
        with self._lock:
            running = sum(self._running.values())
            waiting = len(self._nodes) - len(self._ended) - running
            parts = [f"{count} {what}" for what, count in Counter(self._ended.values()).items()]
            parts += [f"{running} running", f"{max(waiting, 0)} to go"]
            self._spinner.update(text=Text(f"{', '.join(parts)}; {self._left(time.monotonic())}"))
            rows: list[RenderableType] = [self._spinner]
            if self._status:
                rows.append(Text(f"  {self._status}", style="dim"))
            return Group(*rows, self._progress)


@dataclass
class _Running:
    since: float
    share: float = 0.0


class TimeLeft:
    """How long the rest of a run will take, from past durations and the run's own pace.

    predicted: node name to seconds, None where nothing is known. work, kinds: by node name.
    places: steps that compute at once.
    """

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

    def seconds(self, now: float, names: Collection[str] | None = None) -> tuple[float, bool]:
        """Seconds left, and whether every open node could be foreseen. names: of those alone."""
        total, longest, is_complete = 0.0, 0.0, True
        for name, predicted in self._open.items():
            if names is not None and name not in names:
                continue
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
