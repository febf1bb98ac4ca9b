"""What a run tells those who do its steps, and what a worker of a cluster checks of it.

A worker may stand on another host, with another disk and other libraries. What it must share with
the run is checked before it computes; whether the run still wants the step is read from the run's
lease in the store, which every worker can reach.
"""

from __future__ import annotations

import functools
import platform
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from importlib import metadata
from pathlib import Path
from typing import Any, Literal, TypedDict

from tasks import BadInput, DarkroomError, StepFailed
from tasks.running.device import keep_freed_memory
from tasks.running.kinds import KINDS
from tasks.running.progress import steps_should_end
from tasks.store.node import JSON, Identity
from tasks.store.store import Store

SECONDS_BETWEEN_LOOKS = 1.0
"""At the lease, by one step. A request each, on S3."""

RECORDED_DISTRIBUTIONS = (
    "diffusion-darkroom",
    "torch",
    "numpy",
    "scipy",
    "scikit-learn",
    "pillow",
    "matplotlib",
    "pandas",
    "pyarrow",
    "prefect",
)


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
    """What a step leaves behind, small enough for any database.

    artifact: the key of its row. seconds: computing, not waiting. No name in it is one of
    StepNode's: Prefect follows results by their address in memory, Python keeps equal names once,
    and the interface would show edges between tasks that share nothing.
    """

    artifact: str
    status: Literal["cached", "done"]
    seconds: float


@dataclass(frozen=True)
class RunSettings:
    """What all steps of one run share; plain JSON values.

    device: "cpu", "cuda" or "mps". git_commit, git_dirty: of the code that runs, None outside git.
    versions: distribution name to version, recorded with each row. project_root: the folder of
    pipelines.yaml. image_files: SHA-256 of each image file to where it lies
    (tasks.data.image_files).
    is_remote: the steps are done by processes of a cluster (as_worker).
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

    @property
    def places_to_hold(self) -> int | None:
        """Of which a step holds one while it computes; None if it need hold none."""
        return None if self.device_is_granted else self.places


def read_identity(node: StepNode) -> Identity:
    """BadInput if the node's key is not that of its identity."""
    identity = Identity.from_json(node["identity"])
    if identity.key != node["key"]:
        raise BadInput(f"{node['name']}: its key is not that of its identity; plan it again")
    return identity


def git_state() -> tuple[str | None, bool | None]:
    """Commit of the code, and whether files differ from it; (None, None) outside its repository."""
    # An installed package may lie in the repository of somebody else, as .venv in theirs.
    is_tracked = _git("ls-files", "--error-unmatch", Path(__file__).name) is not None
    commit = _git("rev-parse", "HEAD") if is_tracked else None
    if commit is None:
        return None, None
    changes = _git("status", "--porcelain", "--untracked-files=no")
    return commit, bool(changes) if changes is not None else None


def library_versions() -> dict[str, str]:
    """Version of Python and of each recorded distribution that is installed."""
    versions = {"python": platform.python_version()}
    for name in RECORDED_DISTRIBUTIONS:
        if (found := _version(name)) is not None:
            versions[name] = found
    return versions


def _git(*arguments: str) -> str | None:
    folder = Path(__file__).resolve().parent
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def as_worker(
    settings: RunSettings, nodes: Sequence[StepNode]
) -> tuple[RunSettings, Callable[[], bool]]:
    """The settings and the should_stop with which this process does `nodes`.

    In the run's own process both are what they were. Raises StepFailed if this worker does not see
    the run's store, or its code or libraries are not those that the nodes' keys promise.
    """
    if not settings.is_remote:
        return settings, steps_should_end
    watch = LeaseWatch(Store(settings.store), settings.run_id)
    _require_run(watch, settings)
    for node in nodes:
        require_same_code(node)
    keep_freed_memory()
    return replace(settings, host=socket.gethostname()), watch


class LeaseWatch:
    """Called: whether the step should end, because the run stops or is over."""

    def __init__(self, store: Store, run_id: str) -> None:
        self._store = store
        self._run_id = run_id
        self._should_end = False
        self._next_look = 0.0

    def __call__(self) -> bool:
        if steps_should_end() or self._should_end:
            return True
        now = time.monotonic()
        if now >= self._next_look:
            self._next_look = now + SECONDS_BETWEEN_LOOKS
            try:
                self._should_end = self._store.lease_state(self._run_id) != "live"
            except (OSError, DarkroomError):
                # The store may answer again by the time there is something to record.
                return False
        return self._should_end


def _require_run(watch: LeaseWatch, settings: RunSettings) -> None:
    if Store(settings.store).lease_state(settings.run_id) == "none":
        raise StepFailed(
            f"worker on {socket.gethostname()}: run {settings.run_id} is over, or its store "
            f"{settings.store} is not the one that is seen here; give every worker the same folder "
            "at the same path, or use a store on s3://"
        )


def require_same_code(node: StepNode) -> None:
    """Raise StepFailed if what would be computed here is not what the node's key stands for."""
    identity = read_identity(node)
    kind = KINDS.get(identity.kind)
    wanted = {f"code of {identity.kind}": str(identity.code_version), **identity.libraries}
    here = {name: _version(name) or "not installed" for name in identity.libraries}
    here[f"code of {identity.kind}"] = str(kind.code_version) if kind else "none"
    if other := [name for name in wanted if here[name] != wanted[name]]:
        told = ", ".join(f"{name} {here[name]} instead of {wanted[name]}" for name in other)
        raise StepFailed(
            f"{node['name']}: the worker on {socket.gethostname()} has {told}, so its result would "
            "not be what the run's key promises; install there what the run has"
        )


@functools.cache
def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None
