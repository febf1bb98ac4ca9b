"""`darkroom preview`: the page of a pipeline while it is written, on this machine alone.

Looks at the declaration, at the text and at the images; what they say now is planned and shown at
once, from what the store holds, and what it lacks is made in the background.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flows.declaration.pictures import FileImage
from flows.declaration.read_declaration import DeclarationFile, read_declaration
from flows.plan.plan import Plan
from flows.run.growing_report import LivePages, Progress, layout_under_way
from flows.run.run import check_nodes, plan_request
from flows.run.run_request import RunRequest
from flows.serve.report_server import report_server
from tasks import DarkroomError
from tasks.report.build import first_page_of
from tasks.report.under_way import RUN
from tasks.running.progress import Event
from tasks.store.store import Store

POLL_SECONDS = 0.1
"""Between looks at the files, of which there are some dozens."""

SECONDS_BETWEEN_PAGES = 0.5
SECONDS_BETWEEN_NEWS = 1.0
SECONDS_TO_STOP = 20.0
"""Of a run, until it is ended: it keeps what it has done."""

BESIDE_TEXT = (".md", ".bib")

RUN_COMMAND = (sys.executable, "-m", "flows.serve.preview_run")

Stamps = dict[Path, tuple[int, int] | None]
"""Time and size of each file; None for one that is not there."""


class BackgroundRun:
    """One process that makes what the store lacks. command: see flows.serve.preview_run.

    wants: keys of what it is to make. on_line: called from a thread with each line it tells, and
    with an empty one when it has ended.
    """

    def __init__(
        self,
        request: RunRequest,
        wants: frozenset[str],
        command: Sequence[str],
        on_line: Callable[[BackgroundRun, Mapping[str, Any]], None],
    ) -> None:
        self.wants = wants
        self._on_line = on_line
        # In a group of its own: Ctrl-C is for the preview, which ends it softly.
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            process_group=0,
        )
        assert self._process.stdin is not None
        # One that has ended at once says so by its exit code.
        with suppress(OSError):
            self._process.stdin.write(f"{request.model_dump_json()}\n")
            self._process.stdin.flush()
        self._thread = threading.Thread(target=self._read, name="preview run", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Returns when it has ended; what it has finished is kept."""
        assert self._process.stdin is not None
        with suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(SECONDS_TO_STOP)
        except subprocess.TimeoutExpired:
            # With the server of Prefect that it has started.
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._thread.join()

    def _read(self) -> None:
        assert self._process.stdout is not None
        has_told = False
        for text in self._process.stdout:
            line = json.loads(text)
            has_told = "problem" in line
            self._on_line(self, line)
        code = self._process.wait()
        problem = "" if has_told else f"The run in the background ended with exit code {code}"
        self._on_line(self, {"ended": True, "problem": problem})


class Preview:
    """request: what is previewed; its report folder is where the pages go. command: of a
    BackgroundRun."""

    def __init__(self, request: RunRequest, command: Sequence[str]) -> None:
        self._request = request
        self._command = command
        self._store = Store.open(request.store, create=False)
        self._pages = LivePages(request.store, request, is_preview=True)
        self._woken = threading.Condition()
        self._stamps: Stamps = {}
        self._plan: Plan | None = None
        self._progress = Progress([], 1)
        self._run: BackgroundRun | None = None
        self._tried: frozenset[str] = frozenset()
        self._made: set[str] = set()
        self._errors: dict[str, str] = {}
        """Of nodes that failed."""
        self._run_problem = ""
        self._has_news = True
        self._has_run_ended = False

    def follow(self, is_over: threading.Event) -> None:
        """Until `is_over`: look, plan, show, and have made what is missing."""
        next_pages, next_news = 0.0, 0.0
        try:
            while not is_over.is_set():
                stamps = stamps_of(self._stamps or [Path(self._request.declaration)])
                is_changed = stamps != self._stamps or self._has_run_ended
                if is_changed:
                    self._has_run_ended = False
                    self._look_again(stamps)
                now = time.monotonic()
                if is_changed or (self._has_news and now >= next_pages):
                    self._has_news = False
                    self._show()
                    next_pages = time.monotonic() + SECONDS_BETWEEN_PAGES
                elif now >= next_news:
                    self._pages.tell(self._words())
                    next_news = now + SECONDS_BETWEEN_NEWS
                if is_changed and self._plan is not None and not self._pages.problem:
                    self._have_made(self._plan)
                with self._woken:
                    self._woken.wait(POLL_SECONDS)
        finally:
            if self._run is not None:
                self._run.stop()

    def _look_again(self, stamps: Stamps) -> None:
        """Plan what the files say now. What cannot be used leaves the page as it was, and is told
        on it."""
        watched = list(stamps)
        self._pages.problem = self._run_problem
        try:
            declaration = read_declaration(self._request.declaration)
            watched = [Path(self._request.declaration), *_named_files(declaration, self._request)]
            plan = plan_request(self._request, declaration, self._store)
            check_nodes(plan.misses, plan.device, self._request, declaration, is_plan=True)
            self._take(plan)
        except DarkroomError as error:
            self._pages.problem = str(error)
        except Exception as error:
            self._pages.problem = f"Unexpected {type(error).__name__}: {error}"
        # As they were before they were read: what has changed since is looked at again.
        self._stamps = {path: stamps.get(path, _stamp_of(path)) for path in watched}

    def _take(self, plan: Plan) -> None:
        """What has become of a node under another key is nothing to the one it has now."""
        with self._woken:
            before = self._plan.by_name if self._plan is not None else {}
            for name in {*self._made, *self._errors}:
                was, now = before.get(name), plan.by_name.get(name)
                if was is None or now is None or was.key != now.key:
                    self._made.discard(name)
                    self._errors.pop(name, None)
            self._plan = plan

    def _have_made(self, plan: Plan) -> None:
        """A run for what is missing, unless one is at it or has failed at it."""
        wants = frozenset(node.key for node in plan.misses)
        if wants <= (self._tried if self._run is None else self._run.wants):
            return
        if self._run is not None:
            self._run.stop()
        with self._woken:
            self._progress = Progress(plan.misses, plan.places)
            self._made.clear()
            self._errors.clear()
            self._run_problem = ""
            self._tried = wants
            request = self._request.model_copy(update={"report_folder": None, "keep_going": True})
            self._run = BackgroundRun(request, wants, self._command, self._on_line)

    def _on_line(self, run: BackgroundRun, line: Mapping[str, Any]) -> None:
        with self._woken:
            if run is not self._run:
                return
            if event := line.get("event"):
                self._on_event(Event(**{**event, "members": tuple(event["members"])}))
            else:
                self._errors |= line.get("failed", {})
                self._run_problem = self._run_problem or line["problem"]
            if "ended" in line:
                self._run = None
                self._has_run_ended = True
            self._woken.notify()

    def _on_event(self, event: Event) -> None:
        if self._progress.on_event(event):
            self._has_news = True
        if event.what in ("finished", "cached"):
            self._made.add(event.name)
        elif event.what == "failed":
            self._errors[event.name] = event.message

    def _show(self) -> None:
        if self._plan is None:
            self._pages.write_problem(self._request.pipeline)
            return
        with self._woken:
            layout = self._layout(self._plan)
        try:
            self._pages.write(layout, self._words())
        except (DarkroomError, LookupError, TypeError, ValueError) as error:
            self._pages.problem = f"The page cannot be rendered: {error}"
            self._pages.tell(self._words())

    def _words(self) -> dict[str, str]:
        with self._woken:
            return self._progress.words(RUN) if self._run is not None else {}

    def _layout(self, plan: Plan) -> dict[str, Any]:
        """What the run would record, as far as it has come."""
        is_tried = self._run is None and {node.key for node in plan.misses} <= self._tried
        awaited = set() if is_tried else {node.name for node in plan.misses}
        awaited -= self._made | self._errors.keys()
        nodes = [
            {**node, "status": "failed", "error": self._errors[node["name"]]}
            if node["name"] in self._errors
            else {**node, "status": "done"}
            if node["name"] in self._made
            else node
            for node in plan.layout["nodes"]
        ]
        now = datetime.now(UTC).isoformat(timespec="seconds")
        layout = {
            **plan.layout,
            "nodes": nodes,
            "run_id": "preview",
            "started_at": now,
            "finished_at": now,
            "seconds": 0.0,
            "versions": {},
        }
        return layout_under_way(layout, awaited, self._progress.running)


def _named_files(declaration: DeclarationFile, request: RunRequest) -> list[Path]:
    """The text that the pipeline names with what lies beside it, and every image."""
    root = declaration.project_root
    settled = declaration.settle(request.profile, request.overrides, request.backend)
    images = [
        root / image.file for image in settled.images.values() if isinstance(image, FileImage)
    ]
    asked = settled.pipelines.get(request.pipeline)
    names = [request.pipeline, *(asked.pipelines if asked is not None else ())]
    declared = [settled.pipelines[name] for name in names if name in settled.pipelines]
    texts = [root / each.text for each in declared if each.text]
    beside: set[Path] = set()
    for folder in {text.parent for text in texts}:
        with suppress(OSError):
            beside.update(each for each in folder.iterdir() if each.suffix in BESIDE_TEXT)
    return [*texts, *sorted(beside), *images]


def _first_page(request: RunRequest) -> str:
    is_several = False
    with suppress(DarkroomError):
        declared = read_declaration(request.declaration).declaration.pipelines
        is_several = request.pipeline in declared and bool(declared[request.pipeline].pipelines)
    return first_page_of(request.pipeline, is_several)


def stamps_of(paths: Iterable[Path]) -> Stamps:
    return {path: _stamp_of(path) for path in paths}


def _stamp_of(path: Path) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return found.st_mtime_ns, found.st_size


def preview(
    request: RunRequest, port: int, say: Callable[[str], None], is_over: threading.Event
) -> None:
    """Serve the page until `is_over`. port: 0 for any that is free. BadInput if it is taken."""
    with tempfile.TemporaryDirectory(prefix="darkroom-preview-") as folder:
        shown = request.model_copy(update={"report_folder": folder})
        with report_server(Path(folder), port) as url:
            say(f"{url}/{_first_page(request)}")
            Preview(shown, RUN_COMMAND).follow(is_over)
