"""The command line.

    darkroom new FOLDER         a folder for a write-up of your own
    darkroom run [PIPELINE]     make what is not in the store yet, and the report
    darkroom plan [PIPELINE]    what a run would do, and why
    darkroom flow NAME          one stage with what it needs
    darkroom preview [PIPELINE] its page while it is written, and what is missing made, until Ctrl-C
    darkroom report             the report again, from the store alone
    darkroom up                 Prefect with its interface, schedules and the report, until Ctrl-C
    darkroom train-pocket       train the pocket model and write its folders (hours)
    darkroom deploy --pool NAME the same pipelines and schedules for workers of a Prefect server
    darkroom runs               what ran, newest first
    darkroom diff A B           settings, metrics and images of two runs
    darkroom explain NODE       what decides a node's key, and why it is in the store or not
    darkroom verify             whether everything in the store is whole
    darkroom gc                 what can go; with --delete it goes, but for pinned runs
    darkroom pin RUN            keep a run from gc; unpin takes that back
    darkroom doctor             whether this machine is ready, and what kills have left
    darkroom export PIPELINE    report and manifest rows in one zip

Exit codes: 0 done; 1 a step failed, verify or doctor found something wrong that was not mended, or
gc could not delete now, or stdout is full; 2 something given cannot be used; 130 interrupted.
"""

from __future__ import annotations

import typer

from flows.cli import new, running, serving, upkeep
from flows.cli.shell import in_shell

app = typer.Typer(
    name="darkroom",
    help="Turn diffusion write-ups into cached pipelines: data, models, figures and a report.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for room in (new, running, serving, upkeep):
    app.add_typer(room.app)


def main() -> None:
    with in_shell():
        app()


if __name__ == "__main__":
    main()
