"""The report while its run goes on: rendered again as figures come, beside the steps, with words of
how far each that is still to come has got."""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from typing import Any

from flows.plan.plan import PlannedNode
from flows.plan.show_plan import format_seconds
from flows.run.progress_display import TimeLeft
from flows.run.run import Run
from flows.run.run_record import layout_of, render
from flows.run.run_request import RunRequest, served_file
from tasks import BadInput, DarkroomError
from tasks.running.progress import BUS, Event, steps_should_end
from tasks.store.locks import host_folder, try_lock
from tasks.store.row import ObjectRef
from tasks.store.store import Store

_log = logging.getLogger(__name__)

SHARE = 0.03
"""Of the time of one core that rendering takes, at most."""

SECONDS_BETWEEN_PAGES = 1.0
SECONDS_BETWEEN_NEWS = 1.0
SECONDS_BETWEEN_BEATS = 10.0
"""An open page that hears nothing for long says that the run may have been killed."""

MAX_FAILURES = 3
"""Renderings in a row that may fail before the report is left until the run has ended."""

MAX_NAMED = 2
"""Steps named in the words of one panel; the rest is counted."""


class Progress:
    """How far a run is, from its events, which come from any thread.

    nodes: those of its plan that are to be made, inputs first. places: steps that compute at once.
    """

    def __init__(self, nodes: Sequence[PlannedNode], places: int) -> None:
        self._lock = threading.Lock()
        self._open = {node.name: node for node in nodes if not node.is_hit}
        self._count = len(self._open)
        self._behind = _behind(nodes)
        self._shares: dict[str, float] = {}
        """Of what runs: how much is done, 0 to 1."""
        self._batch_of: dict[str, str] = {}
        self._waiting = ""
        self._time_left = TimeLeft(
            {name: node.seconds for name, node in self._open.items()},
            {name: node.node.work for name, node in self._open.items()},
            {name: node.node.kind for name, node in self._open.items()},
            places,
        )

    @property
    def running(self) -> set[str]:
        """Nodes that are being computed."""
        with self._lock:
            members = {name for name, batch in self._batch_of.items() if batch in self._shares}
            return members | (self._shares.keys() & self._open.keys())

    def on_event(self, event: Event) -> bool:
        """Whether a node has ended."""
        with self._lock:
            if event.what == "started":
                self._waiting = ""
                self._shares[event.name] = 0.0
                self._batch_of |= dict.fromkeys(event.members, event.name)
                self._time_left.joined(event.name, event.members)
                self._time_left.started(event.name, time.monotonic())
            elif event.what == "progress":
                if event.total > 0 and event.name in self._shares:
                    self._shares[event.name] = event.done / event.total
                    self._time_left.progressed(event.name, event.done / event.total)
            elif event.what == "waiting":
                self._waiting = f"{event.name}: {event.message}"
            else:
                self._shares.pop(event.name, None)
                is_done = event.what == "finished"
                self._time_left.ended(event.name, event.seconds if is_done else None)
                return self._open.pop(event.name, None) is not None or bool(event.members)
            return False

    def words(self, run: str) -> dict[str, str]:
        """Of every figure that is still to come, and of the whole under the name `run`."""
        now = time.monotonic()
        with self._lock:
            told = {
                name: self._words_of([*self._behind[name], name], now)
                for name, node in self._open.items()
                if node.node.kind == "figure"
            }
            done = self._count - len(self._open)
            parts = [f"{done} of {self._count} steps done"]
            parts += [self._running_words(name) for name in sorted(self._shares)]
            parts += [self._waiting] if self._waiting else []
            parts += self._left(list(self._open), now)
            return told | {run: "; ".join(parts)}

    def _words_of(self, names: Sequence[str], now: float) -> str:
        still = [name for name in names if name in self._open]
        steps = list(dict.fromkeys(self._batch_of.get(name, name) for name in still))
        steps.sort(key=lambda name: name not in self._shares)
        named = [self._running_words(name) for name in steps[:MAX_NAMED] if name in self._shares]
        if not named and steps:
            named = [f"waiting for {steps[0]}" if len(steps) > 1 else "waiting to be drawn"]
        more = len(steps) - len(named)
        parts = [*named, f"{more} more {'step' if more == 1 else 'steps'}"] if more else named
        return "; ".join([*parts, *self._left(still, now)])

    def _running_words(self, name: str) -> str:
        share = self._shares[name]
        return f"{name} {100 * share:.0f} %" if share > 0 else f"{name} has begun"

    def _left(self, names: Sequence[str], now: float) -> list[str]:
        steps = {self._batch_of.get(name, name) for name in names}
        seconds, is_complete = self._time_left.seconds(now, steps)
        return [f"about {format_seconds(seconds)} left"] if is_complete and seconds >= 1 else []


def _behind(nodes: Sequence[PlannedNode]) -> dict[str, list[str]]:
    """Name of each node to all that it is made from and the store lacks, in the given order."""
    found: dict[str, dict[str, None]] = {}
    place = {node.name: number for number, node in enumerate(nodes)}
    missing = {node.name for node in nodes if not node.is_hit}
    for node in nodes:
        found[node.name] = {}
        for source in node.node.inputs.values():
            found[node.name] |= found.get(source, {})
            if source in missing:
                found[node.name][source] = None
    return {name: sorted(behind, key=place.__getitem__) for name, behind in found.items()}


class RememberingStore(Store):
    """A store that is only read, and what was read of it once is at hand."""

    def __init__(self, address: str) -> None:
        super().__init__(address)
        self._read: dict[str, bytes] = {}

    def read_object(self, ref: ObjectRef) -> bytes:
        if ref.sha256 not in self._read:
            self._read[ref.sha256] = super().read_object(ref)
        return self._read[ref.sha256]


class LivePages:
    """The pages of a report that is not finished: written again by whoever sees something new.

    address: of the store. is_preview: they are not finished by themselves.
    """

    def __init__(self, address: str, request: RunRequest, is_preview: bool = False) -> None:
        self._store = RememberingStore.open(address, create=False)
        self._request = request
        self._is_preview = is_preview
        self._beat = 0
        self._scripts: Mapping[str, str] = {}
        self.problem = ""

    def write(self, layout: Mapping[str, Any], progress: Mapping[str, str]) -> None:
        """All of them. layout: of the run as it stands (flows.run.run_record)."""
        from tasks.report.build import build_report
        from tasks.report.run_record import read_layout
        from tasks.report.under_way import RunUnderWay

        def news(scripts: Mapping[str, str]) -> bytes:
            self._scripts = scripts
            return self._news(progress)

        under_way = RunUnderWay(read_layout(layout), progress, news)
        pipelines = [layout["pipeline"]] if self._is_preview else None
        build_report(self._store, self._request.report_path, pipelines, under_way=under_way)

    def write_problem(self, title: str) -> None:
        """Where there is nothing to show yet, pages of that title that say why as they are told."""
        from tasks.report.build import build_empty

        def news(scripts: Mapping[str, str]) -> bytes:
            self._scripts = scripts
            return self._news({})

        build_empty(self._request.report_path, self._request.pipeline, title, news)

    def tell(self, progress: Mapping[str, str]) -> None:
        """Progress alone, to the pages that are open."""
        from tasks.report.files import write_file
        from tasks.report.under_way import NEWS

        write_file(self._request.report_path / NEWS, self._news(progress))

    def are_there(self) -> bool:
        from tasks.report.under_way import NEWS

        return (self._request.report_path / NEWS).exists()

    def _news(self, progress: Mapping[str, str]) -> bytes:
        from tasks.report.under_way import news_script

        self._beat += 1
        return news_script(self._beat, self._scripts, progress, self.problem, self._is_preview)


def layout_under_way(
    layout: Mapping[str, Any], awaited: set[str], running: set[str]
) -> dict[str, Any]:
    """The layout of a run with the statuses of nodes that are still to come."""
    nodes = [
        {**node, "status": "running" if node["name"] in running else "waiting"}
        if node["name"] in awaited
        else node
        for node in layout["nodes"]
    ]
    return {**layout, "nodes": nodes}


class GrowingReport:
    """Renders the report of a run in a thread of its own, from when it is begun until it is ended.

    What goes wrong in it is logged, and costs the run nothing.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._progress = Progress(run.misses(), run.plan.places)
        self._pages: LivePages | None = None
        self._is_new = True
        self._has_progress = False
        self._is_over = False
        self._woken = threading.Condition()
        self._failures = 0
        self._ends = ExitStack()

    def begin(self) -> bool:
        """False if another run grows in the same folder: two would take turns in each other's."""
        folder = str(self._run.request.report_path.absolute())
        name = f"{hashlib.sha256(folder.encode()).hexdigest()[:16]}.lock"
        try:
            lock = try_lock(host_folder("reports") / name)
        except (OSError, DarkroomError):
            return False
        if lock is None:
            return False
        self._ends.callback(lock.release)
        thread = threading.Thread(target=self._grow, name="growing report", daemon=True)
        self._ends.callback(self._stop, thread)
        self._ends.enter_context(BUS.subscribed(self._on_event))
        thread.start()
        return True

    def end(self) -> None:
        """Returns when nothing more is written."""
        self._ends.close()

    def _stop(self, thread: threading.Thread) -> None:
        with self._woken:
            self._is_over = True
            self._woken.notify()
        thread.join()

    def _on_event(self, event: Event) -> None:
        has_ended = self._progress.on_event(event)
        with self._woken:
            self._is_new = self._is_new or has_ended
            self._has_progress = True
            self._woken.notify()

    def _grow(self) -> None:
        next_pages, next_news = 0.0, 0.0
        while True:
            with self._woken:
                self._wait(next_pages, next_news)
                if self._is_over or self._failures >= MAX_FAILURES:
                    return
                is_due = self._is_new and time.monotonic() >= next_pages
                self._is_new = self._is_new and not is_due
                self._has_progress = False
            spent = time.thread_time()
            self._try(is_due)
            pause = (time.thread_time() - spent) / SHARE
            now = time.monotonic()
            next_news = now + max(SECONDS_BETWEEN_NEWS, 0 if is_due else pause)
            if is_due:
                next_pages = now + max(SECONDS_BETWEEN_PAGES, pause)

    def _wait(self, next_pages: float, next_news: float) -> None:
        """Until there is something to write and it is time to, or it is over."""
        beat = time.monotonic() + SECONDS_BETWEEN_BEATS
        while not self._is_over:
            due = beat
            if self._is_new:
                due = min(due, next_pages)
            if self._has_progress:
                due = min(due, next_news)
            left = due - time.monotonic()
            if left <= 0:
                return
            self._woken.wait(left)

    def _write(self, is_new: bool) -> None:
        from tasks.report.under_way import RUN

        if self._pages is None:
            self._pages = LivePages(self._run.request.store, self._run.request)
        words = self._progress.words(RUN)
        # Another run of the store may have rendered the report meanwhile.
        if not is_new and self._pages.are_there():
            self._pages.tell(words)
            return
        run = self._run
        awaited = {node.name for node in run.plan.nodes if run.is_awaited(node)}
        layout = layout_under_way(layout_of(run), awaited, self._progress.running)
        self._pages.write(layout, words)

    def _try(self, is_new: bool) -> None:
        try:
            self._write(is_new)
            self._failures = 0
        except Exception as error:
            self._failures += 1
            if self._failures == 1 and not steps_should_end():
                _log.warning(
                    "the report could not be shown while the run goes on (%s); the run goes on, "
                    "and renders it at its end",
                    error,
                )


def grow_report(run: Run) -> None:
    """Begin to show the report of `run`, if nothing does yet and nothing else grows there."""
    if run.growth is not None or not run.grows:
        return
    try:
        growing = GrowingReport(run)
        run.growth = growing if growing.begin() else None
    except Exception as error:
        _log.warning("the report cannot be shown while the run goes on (%s)", error)


def leave_finished(run: Run) -> None:
    """End the growth of its report, and take back the pages that it has left if nothing has
    rendered the finished ones since: an open one would ask for ever. Costs no run anything."""
    from tasks.report.under_way import NEWS

    if run.growth is None:
        return
    run.growth.end()
    news = run.request.report_path / NEWS
    if not news.exists():
        return
    try:
        render(run.request)
    except Exception as error:
        # Before any run was recorded there is nothing to show: the run itself says why.
        if not isinstance(error, BadInput):
            _log.warning("the report could not be rendered (%s)", error)
        with suppress(OSError):
            news.unlink()


def growing_address(run: Run) -> str:
    """Where the report of a run is opened while it goes on: served, else from disk."""
    from tasks.report.build import first_page_of

    request = run.request
    page = first_page_of(request.pipeline, bool(run.plan.layout.get("parts")))
    return served_file(page) or (request.report_path / page).absolute().as_uri()
