"""The command line over kinds of step that cost nothing: python -m tests.flows.fake_cli run ...

With DARKROOM_FAKE_FLOWS set, threads take the place of Prefect's flows.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from tests.flows import fake_kinds

if TYPE_CHECKING:
    from flows.plan.plan import PlannedNode
    from flows.run.node_queue import Report
    from flows.run.progress_display import ProgressDisplay
    from flows.run.run import Run


PREVIEW_RUN = (
    sys.executable,
    "-c",
    "from tests.flows import fake_cli, fake_kinds; fake_kinds.install(); "
    "import flows.run.execute; flows.run.execute._run_flow = fake_cli.run_in_threads; "
    "from flows.serve.preview_run import main; main()",
)
"""What makes a preview's figures, without Prefect."""


def main() -> None:
    fake_kinds.install()
    from flows.cli.__main__ import main as command_line

    if os.environ.get("DARKROOM_FAKE_FLOWS"):
        import flows.run.execute

        flows.run.execute._run_flow = run_in_threads
        if "preview" in sys.argv:
            import flows.serve.preview

            flows.serve.preview.RUN_COMMAND = PREVIEW_RUN
    try:
        command_line()
    finally:
        if os.environ.get("DARKROOM_TELL_PREFECT"):
            print(f"prefect imported: {'prefect' in sys.modules}", file=sys.stderr)


def run_in_threads(run: Run, display: ProgressDisplay) -> None:
    """What flows.run.pipeline does, without Prefect."""
    from flows.run.node_queue import NodeQueue, batch_name, outcome_of
    from flows.run.run_record import render, run_to_end
    from tasks.running.progress import stop_requested
    from tasks.running.run_step import run_batch, run_step

    def work(nodes: Sequence[PlannedNode], report: Report) -> None:
        steps = [run.step_node(node) for node in nodes]
        try:
            if len(nodes) == 1:
                ends = [run_step(steps[0], run.store, run.settings)]
            else:
                ends = run_batch(batch_name(nodes), steps, run.store, run.settings)
        except Exception as error:
            ends = [error] * len(nodes)
        report({n.name: outcome_of(end) for n, end in zip(nodes, ends, strict=True)})

    def do() -> None:
        queue = NodeQueue(
            run.nodes(),
            run.outcomes,
            lambda nodes, report: threads.submit(work, nodes, report),
            workers=2,
            keep_going=run.request.keep_going,
        )
        queue.run()

    with ThreadPoolExecutor(2) as threads:
        run_to_end(run, do)
    if not stop_requested():
        render(run.request)


if __name__ == "__main__":
    main()
