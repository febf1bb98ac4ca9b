"""The commands that plan and run pipelines, and build their report."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.options import (
    DataRoot,
    Debug,
    File,
    Json,
    ReportFolder,
    RunOptions,
    Set,
    StoreAddress,
    print_json,
    reports_errors,
    takes,
)
from flows.cli.shell import output_is_told_besides

if TYPE_CHECKING:
    from flows.run.execute import RunResult
    from flows.run.run_request import RunRequest

LISTS = ("overrides", "only", "from_", "until")
"""Options that may be repeated."""

app = typer.Typer()


@app.command()
@reports_errors
@takes(RunOptions)
def run(options: RunOptions) -> None:
    """Make what is not in the store yet, and the report."""
    _execute(_request(options), None, options.json)


@app.command("flow")
@reports_errors
@takes(RunOptions)
def run_flow(
    name: Annotated[str, typer.Argument(help="prepare-data, train-models, ... or render-report.")],
    options: RunOptions,
) -> None:
    """Run one stage, with whatever it needs that is not in the store."""
    from flows.run.run_request import stage_named

    request, stage = _request(options), stage_named(name)
    if stage != "report":
        _execute(request, stage, options.json)
        return
    from flows.run.run_record import render

    # The report needs no step, so no flow run either.
    page = str(render(request))
    if options.json:
        print_json({"report": page})
    else:
        typer.echo(page)


@app.command()
@reports_errors
@takes(RunOptions, "keep_going", "runner", "report_folder")
def plan(options: RunOptions) -> None:
    """Say what a run would do: hit or miss for each node, why, and how long it will take."""
    from flows.declaration.read_declaration import read_declaration
    from flows.plan.cut_prompts import cut_prompts
    from flows.plan.show_plan import plan_to_json, print_plan
    from flows.plan.tables import console
    from flows.run.run import check_nodes, plan_request
    from tasks.store.store import Store

    declaration = read_declaration(options.file)
    store = Store.open(options.store, create=False)
    request = _request(options)
    made = plan_request(request, declaration, store)
    check_nodes(made.misses, made.device, request, declaration, is_plan=True)
    chosen = [node for node in made.nodes if node.name in made.selected]
    cut = cut_prompts(chosen, declaration.project_root)
    if options.json:
        print_json({**plan_to_json(made), "cut_prompts": cut})
    else:
        print_plan(made, console())
        for line in cut:
            typer.echo(line)


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
    from flows.cli.regenerate_report import regenerate_report

    regenerate_report(store, report_folder, pipeline, backend, single_file)


@app.command("train-pocket")
@reports_errors
def train_pocket(
    overrides: Set = None,
    store: StoreAddress = "data/runs",
    data_root: DataRoot = None,
    file: File = "pipelines.yaml",
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Train and measure the pocket text-to-image model (hours), and write its folders.

    Stopped or killed, it goes on where it was. What is trained already is only written again.
    """
    from flows.cli.train_pocket import PIPELINE, require_own_places, write_trained
    from flows.run.execute import execute
    from flows.run.progress_display import ProgressDisplay
    from flows.run.run_request import RunRequest

    request = RunRequest(
        pipeline=PIPELINE,
        profile="paper",
        overrides=overrides or [],
        store=store,
        data_root=data_root,
        declaration=file,
    )
    require_own_places(request)
    output_is_told_besides()
    result = execute(request, ProgressDisplay())
    folders = write_trained(request) if result.exit_code == 0 else []
    if json:
        print_json({**result.to_json(), "folders": [str(folder) for folder in folders]})
    else:
        _print_lines(result)
        for folder in folders:
            typer.echo(f"written: {folder}")
    raise typer.Exit(result.exit_code)


def _request(options: RunOptions) -> RunRequest:
    from flows.declaration.read_declaration import read_declaration
    from flows.run.run_request import RunRequest

    values = {k: v for k, v in asdict(options).items() if k in RunRequest.model_fields}
    if options.pipeline is None:
        values["pipeline"] = read_declaration(options.file).pipeline_name(None)
    values |= {name: values[name] or [] for name in LISTS}
    return RunRequest(declaration=options.file, **values)


def _execute(request: RunRequest, stage: str | None, as_json: bool) -> None:
    from flows.run.execute import execute
    from flows.run.progress_display import ProgressDisplay

    output_is_told_besides()
    result = execute(request, ProgressDisplay(), stage)
    if as_json:
        print_json(result.to_json())
    else:
        _print_lines(result)
    raise typer.Exit(result.exit_code)


def _print_lines(result: RunResult) -> None:
    for line in result.lines():
        typer.echo(line, err=line.startswith("failed"))
