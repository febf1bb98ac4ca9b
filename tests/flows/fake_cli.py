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
    from flows.run.node_queue import Report, ReportBatch
    from flows.run.progress_display import ProgressDisplay
    from flows.run.run import Run


def main() -> None:
    fake_kinds.install()
    from flows.cli.__main__ import app

    if os.environ.get("DARKROOM_FAKE_FLOWS"):
        import flows.run.execute

        flows.run.execute._run_flow = run_in_threads
    try:
        app()
    finally:
        if os.environ.get("DARKROOM_TELL_PREFECT"):
            print(f"prefect imported: {'prefect' in sys.modules}", file=sys.stderr)


def run_in_threads(run: Run, display: ProgressDisplay) -> None:
    """What flows.run.pipeline does, without Prefect."""
    from flows.run.batches import batch_name
    from flows.run.node_outcome import NodeOutcome, outcome_of_end, outcome_of_error
    from flows.run.node_queue import NodeQueue
    from flows.run.render import render
    from flows.run.run_record import run_to_end
    from tasks.running.cancellation import stop_requested
    from tasks.running.run_batch import run_batch
    from tasks.running.run_step import run_step

    with ThreadPoolExecutor(2) as threads:

        def submit(node: PlannedNode, report: Report) -> None:
            def work() -> None:
                try:
                    reference = run_step(run.step_node(node), run.store, run.settings)
                    report(NodeOutcome(reference["status"], seconds=reference["seconds"]))
                except Exception as error:
                    report(outcome_of_error(error))

            threads.submit(work)

        def submit_batch(nodes: Sequence[PlannedNode], report: ReportBatch) -> None:
            names = [node.name for node in nodes]

            def work() -> None:
                try:
                    step_nodes = [run.step_node(node) for node in nodes]
                    ends = run_batch(batch_name(nodes), step_nodes, run.store, run.settings)
                    report({n: outcome_of_end(end) for n, end in zip(names, ends, strict=True)})
                except Exception as error:
                    report(dict.fromkeys(names, outcome_of_error(error)))

            threads.submit(work)

        def do() -> None:
            queue = NodeQueue(
                run.nodes(),
                run.outcomes,
                submit,
                workers=2,
                keep_going=run.request.keep_going,
                submit_batch=submit_batch,
            )
            queue.run()

        run_to_end(run, do)
    if not stop_requested():
        render(run.request)


if __name__ == "__main__":
    main()
