"""The command line.

    darkroom run [PIPELINE]     make what is not in the store yet, and the report
    darkroom plan [PIPELINE]    what a run would do, and why
    darkroom flow NAME          one stage with what it needs
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
gc could not delete now; 2 something given cannot be used; 130 interrupted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from flows.cli import pocket_cli, serve_cli, upkeep_cli
from flows.cli.cli_options import (
    Backend,
    DataRoot,
    Debug,
    File,
    Json,
    Pipeline,
    Profile,
    Runner,
    Set,
    StoreAddress,
    print_json,
    reports_errors,
)
from flows.runners.workforce import DEFAULT as RUNNER

if TYPE_CHECKING:
    from flows.run.run_request import RunRequest

# Imports inside the commands: `darkroom plan` answers in under a second.

LISTS = ("overrides", "only", "from_", "until")
"""Options that may be repeated."""

app = typer.Typer(
    name="darkroom",
    help="Turn diffusion write-ups into cached pipelines: data, models, figures and a report.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Only = Annotated[
    list[str] | None,
    typer.Option("--only", metavar="GLOB", help="These nodes alone; may be repeated."),
]
From = Annotated[
    list[str] | None,
    typer.Option("--from", metavar="GLOB", help="These nodes and what depends on them."),
]
Until = Annotated[
    list[str] | None,
    typer.Option("--until", metavar="GLOB", help="These nodes and what they depend on."),
]
Force = Annotated[bool, typer.Option("--force", help="Compute the chosen nodes even if cached.")]
KeepGoing = Annotated[
    bool, typer.Option("--keep-going", help="After a failure, go on with what does not need it.")
]
Device = Annotated[
    Literal["auto", "cpu", "cuda", "mps"], typer.Option("--device", help="Where tensors live.")
]
NumberFormat = Annotated[
    Literal["auto", "float32", "bfloat16"] | None,
    typer.Option("--number-format", help="Of networks; the profile's if not given."),
]
ReportFolder = Annotated[
    str | None,
    typer.Option("--report-folder", help="Where the report goes; by default into the store."),
]


@app.command()
@reports_errors
def run(
    pipeline: Pipeline = "gallery",
    profile: Profile = None,
    overrides: Set = None,
    only: Only = None,
    from_: From = None,
    until: Until = None,
    force: Force = False,
    keep_going: KeepGoing = False,
    device: Device = "auto",
    number_format: NumberFormat = None,
    backend: Backend = None,
    runner: Runner = RUNNER,
    store: StoreAddress = "data/runs",
    data_root: DataRoot = None,
    file: File = "pipelines.yaml",
    report_folder: ReportFolder = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Make what is not in the store yet, and the report."""
    _execute(_request(locals()), None, json)


@app.command("flow")
@reports_errors
def run_flow(
    name: Annotated[str, typer.Argument(help="prepare-data, train-models, ... or render-report.")],
    pipeline: Pipeline = "gallery",
    profile: Profile = None,
    overrides: Set = None,
    only: Only = None,
    from_: From = None,
    until: Until = None,
    force: Force = False,
    keep_going: KeepGoing = False,
    device: Device = "auto",
    number_format: NumberFormat = None,
    backend: Backend = None,
    runner: Runner = RUNNER,
    store: StoreAddress = "data/runs",
    data_root: DataRoot = None,
    file: File = "pipelines.yaml",
    report_folder: ReportFolder = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Run one stage, with whatever it needs that is not in the store."""
    from flows.run.run_request import stage_named

    request, stage = _request(locals()), stage_named(name)
    if stage != "report":
        _execute(request, stage, json)
        return
    from flows.run.run_record import render

    # The report needs no step, so no flow run either.
    page = str(render(request))
    if json:
        print_json({"report": page})
    else:
        typer.echo(page)


@app.command()
@reports_errors
def plan(
    pipeline: Pipeline = "gallery",
    profile: Profile = None,
    overrides: Set = None,
    only: Only = None,
    from_: From = None,
    until: Until = None,
    force: Force = False,
    device: Device = "auto",
    number_format: NumberFormat = None,
    backend: Backend = None,
    store: StoreAddress = "data/runs",
    data_root: DataRoot = None,
    file: File = "pipelines.yaml",
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Say what a run would do: hit or miss for each node, why, and how long it will take."""
    from flows.declaration.read_declaration import read_declaration
    from flows.plan.show_plan import plan_to_json, print_plan
    from flows.run.run import plan_request
    from tasks.store.store import Store

    request = _request(locals())
    made = plan_request(request, read_declaration(file), Store.open(store, create=False))
    if json:
        print_json(plan_to_json(made))
    else:
        print_plan(made)


@app.command()
@reports_errors
def report(
    pipeline: Annotated[
        list[str] | None,
        typer.Option("--pipeline", metavar="NAME", help="This pipeline alone; may be repeated."),
    ] = None,
    store: StoreAddress = "data/runs",
    backend: Annotated[
        str | None,
        typer.Option("--backend", metavar="NAME", help="The newest runs with this model alone."),
    ] = None,
    report_folder: ReportFolder = None,
    single_file: Annotated[
        bool, typer.Option("--single-file", help="One index.html with everything inside.")
    ] = False,
    debug: Debug = False,
) -> None:
    """Build the report again from the store alone, like regenerate-report."""
    from pathlib import Path

    from flows.cli.regenerate_report import regenerate_report

    out = Path(report_folder) if report_folder is not None else None
    regenerate_report(store, out, pipeline, backend, single_file)


def _request(options: dict[str, Any]) -> RunRequest:
    from flows.run.run_request import RunRequest

    values = {name: value for name, value in options.items() if name in RunRequest.model_fields}
    values |= {name: values[name] or [] for name in LISTS}
    return RunRequest(declaration=options["file"], **values)


def _execute(request: RunRequest, stage: str | None, as_json: bool) -> None:
    from flows.run.execute import execute
    from flows.run.progress_display import ProgressDisplay

    result = execute(request, ProgressDisplay(), stage)
    if as_json:
        print_json(result.to_json())
    else:
        for line in result.lines():
            typer.echo(line, err=line.startswith("failed"))
    raise typer.Exit(result.exit_code)


app.add_typer(pocket_cli.app)
app.add_typer(serve_cli.app)
app.add_typer(upkeep_cli.app)


def main() -> None:
    app()


if __name__ == "__main__":
    main()
