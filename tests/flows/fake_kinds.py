"""Kinds of step that cost nothing, for tests of how steps are run.

Each computation leaves a line in the file that DARKROOM_FAKE_LOG names, so a test can count them.
"""

from __future__ import annotations

import base64
import hashlib
import os
import time
from collections.abc import Sequence

from tasks import BadInput, DarkroomError, StepCancelled, StepFailed
from tasks.running.kinds import KINDS, Kind
from tasks.running.step import Step, StepResult

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="
)
"""A PNG of one black pixel."""

FAKE_KINDS = {
    **{
        # A listing costs nothing as it is.
        name: Kind(kind.stage, 1, "tests.flows.fake_kinds:digest", (), kind.uses_accelerator)
        for name, kind in KINDS.items()
        if name != "listing"
    },
    **{
        name: Kind(
            "text_to_image",
            1,
            "",
            (),
            True,
            batch_function="tests.flows.fake_kinds:digest_together",
            batch_limit=4,
        )
        for name in ("trajectory", "upscale")
    },
    "claim": Kind("figures", 1, "tests.flows.fake_kinds:verdict", ()),
}


def install() -> None:
    """Replace the real kinds in this process."""
    KINDS.clear()
    KINDS.update(FAKE_KINDS)


def digest_together(steps: Sequence[Step]) -> list[StepResult | DarkroomError]:
    """The digest of each; a step asked to fail leaves the others whole.

    Environment: DARKROOM_FAKE_BATCHES (a file that takes a line of names for each call),
    DARKROOM_FAKE_BREAK (names that take their whole batch with them), and those of `digest`.
    """
    if log := os.environ.get("DARKROOM_FAKE_BATCHES"):
        with open(log, "a") as file:
            file.write(f"{' '.join(step.name for step in steps)}\n")
    broken = os.environ.get("DARKROOM_FAKE_BREAK", "").split(",")
    results: list[StepResult | DarkroomError] = []
    for place, step in enumerate(steps):
        if step.name in broken:
            raise RuntimeError(f"{step.name} broke the batch")
        try:
            result = digest(step)
        except StepCancelled:
            raise
        except DarkroomError as error:
            results.append(error)
        else:
            # The later ones count more rows, so that shares of the time can be told apart.
            metrics = {**result.metrics, "unet_rows": float(place + 1)}
            results.append(StepResult(result.objects, metrics, result.info))
    return results


def verdict(step: Step) -> StepResult:
    """The digest, and a verdict: that the claim holds, unless DARKROOM_FAKE_UNTRUE names it."""
    result = digest(step)
    is_untrue = step.name in os.environ.get("DARKROOM_FAKE_UNTRUE", "").split(",")
    info = {
        "verdict": "does not hold here" if is_untrue else "holds",
        "because": "a digest says so",
        "numbers": [],
        "seeds": 1,
        "intervals": [],
    }
    return StepResult(result.objects, result.metrics, info)


def digest(step: Step) -> StepResult:
    """An object that depends on the parameters, the seed and the inputs' objects.

    Environment: DARKROOM_FAKE_SECONDS (how long it takes), DARKROOM_FAKE_FAIL (names that fail),
    DARKROOM_FAKE_REFUSE (names that are given bad input), DARKROOM_FAKE_GATE (a file: nothing is
    computed until it is there), DARKROOM_FAKE_GATED (how the names begin that wait for that file;
    by default all do).
    """
    if log := os.environ.get("DARKROOM_FAKE_LOG"):
        with open(log, "a") as file:
            file.write(f"{step.name}\n")
    if step.name in os.environ.get("DARKROOM_FAKE_REFUSE", "").split(","):
        raise BadInput(f"{step.name}: asked to refuse")
    if step.name in os.environ.get("DARKROOM_FAKE_FAIL", "").split(","):
        raise StepFailed(f"{step.name}: asked to fail")
    began = time.monotonic()
    gate = os.environ.get("DARKROOM_FAKE_GATE")
    if gate and step.name.startswith(os.environ.get("DARKROOM_FAKE_GATED", "")):
        while not os.path.exists(gate):
            time.sleep(0.01)
    partial = step.workspace / "partial"
    partial.write_text("half")
    seconds = float(os.environ.get("DARKROOM_FAKE_SECONDS", "0"))
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        if step.should_stop():
            raise StepCancelled(f"{step.name}: stopped")
        step.report(seconds - left, seconds, "counting")
        time.sleep(min(left, 0.01))
    text = hashlib.sha256(f"{sorted(step.params.items())}{step.seed}".encode())
    for role in sorted(step.inputs):
        text.update(step.read(role, "digest.txt"))
    return StepResult(
        {"digest.txt": text.hexdigest().encode(), "image.png": PIXEL},
        metrics={"began": began, "ended": time.monotonic(), "process": float(os.getpid())},
        info={"width": 1, "height": 1, "alt": "a digest"},
    )
