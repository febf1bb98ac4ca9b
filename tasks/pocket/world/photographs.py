"""Photographs to train on: scenes of data/images drawn anew, rendered once and kept.

data/images/variations.py draws them, in parts that a stopped run goes on from. They are kept under
a name that follows from that folder's code, the seed, the count and the side.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tasks import StepCancelled, StepFailed
from tasks.shipped import project_path

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PROGRAM = "data/images/variations.py"
SIDE = 144
PART = 20
"""Scenes that one process renders, in about a minute."""


@dataclass(frozen=True)
class Photographs:
    """pictures: uint8 [count, SIDE, SIDE, 3]. kind: int64 [count], into captions.
    captions: what is seen, several for each kind."""

    pictures: NDArray[np.uint8]
    kind: NDArray[np.int64]
    captions: Sequence[Sequence[str]]


def code_of_photographs(project_root: Path) -> str:
    """SHA-256 of all code that draws them."""
    digest = hashlib.sha256()
    folder = _program(project_root).parent
    for path in sorted(
        [folder / Path(PROGRAM).name, *folder.glob("drawing/*.py"), *folder.glob("pictures/*.py")]
    ):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def render_photographs(
    project_root: Path,
    cache: Path,
    *,
    seed: int,
    scenes: int,
    workers: int = 1,
    report: Callable[[int, int, str], None] = lambda done, total, message: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Photographs:
    """All photographs of `scenes` scenes; those in `cache` are read, the others rendered into it.

    Raises StepCancelled when stopped; what is rendered by then stays.
    """
    import numpy as np

    folder = cache / f"photographs-{code_of_photographs(project_root)[:16]}-{seed}-{SIDE}"
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{first:05d}.npz" for first in range(0, scenes, PART)]
    missing = [path for path in paths if not path.exists()]

    def render(path: Path) -> None:
        if not should_stop():
            _render(project_root, path, seed)

    with ThreadPoolExecutor(workers) as pool:
        for done, _ in enumerate(pool.map(render, missing), len(paths) - len(missing) + 1):
            report(done * PART, scenes, "photographs rendered")
    if should_stop():
        raise StepCancelled("rendering photographs was stopped; the next run goes on from here")
    parts = [np.load(path, allow_pickle=False) for path in paths]
    pictures = np.concatenate([part["pictures"] for part in parts])
    kind = np.concatenate([part["kind"] for part in parts])
    captions = [[str(text) for text in texts if text] for texts in parts[0]["captions"]]
    count = scenes * (len(pictures) // (len(paths) * PART))
    return Photographs(pictures[:count], kind[:count], captions)


def _program(project_root: Path) -> Path:
    return project_path(PROGRAM, project_root).absolute()


def _render(project_root: Path, path: Path, seed: int) -> None:
    command = [
        sys.executable, str(_program(project_root)), str(path.resolve()), "--seed", str(seed),
        "--first", path.stem, "--count", str(PART), "--side", str(SIDE),
    ]  # fmt: skip
    # One thread each: several run side by side.
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        command, cwd=project_root, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise StepFailed(f"{' '.join(command)} failed:\n{done.stderr.strip()[-2000:]}")
