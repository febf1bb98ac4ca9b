"""The commands that look after a store.

Their logic is in flows.upkeep, one module a command; what needs Prefect, pyarrow or rich is
imported by the command that is called.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from flows.cli.options import (
    Backend,
    DataRoot,
    Debug,
    File,
    Json,
    NumberFormat,
    Pipeline,
    Profile,
    Set,
    StoreAddress,
    print_json,
    reports_errors,
)
from flows.plan.tables import console

if TYPE_CHECKING:
    from tasks.store.store import Store

app = typer.Typer()

RUN_HELP = "The beginning of a run's id, latest or previous; see darkroom runs."
RunName = Annotated[str, typer.Argument(metavar="RUN", help=RUN_HELP)]
OfPipeline = Annotated[
    str | None, typer.Option("--pipeline", metavar="NAME", help="Runs of this pipeline alone.")
]


@app.command()
@reports_errors
def runs(
    pipeline: OfPipeline = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="No more than so many.")] = 20,
    store: StoreAddress = "data/runs",
    json: Json = False,
    debug: Debug = False,
) -> None:
    """List recorded runs, newest first."""
    from flows.upkeep.runs import list_runs, print_runs, runs_to_json

    found = list_runs(_open(store), pipeline, limit)
    if json:
        print_json(runs_to_json(found))
    else:
        print_runs(found, console())


@app.command()
@reports_errors
def diff(
    run_a: Annotated[str, typer.Argument(help=RUN_HELP)] = "previous",
    run_b: Annotated[str, typer.Argument(help=RUN_HELP)] = "latest",
    pipeline: OfPipeline = None,
    all_metrics: Annotated[
        bool, typer.Option("--all-metrics", help="Also those that are equal.")
    ] = False,
    html: Annotated[
        str | None,
        typer.Option("--html", metavar="FILE", help="Write a page with the images side by side."),
    ] = None,
    store: StoreAddress = "data/runs",
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Compare two runs: settings, metrics, images."""
    from flows.upkeep.diff_runs import diff_runs, diff_to_json, print_diff, write_comparison
    from tasks.store.local_files import given_path

    opened = _open(store)
    if html is not None:
        typer.echo(str(write_comparison(opened, run_a, run_b, given_path(html), pipeline)))
        return
    found = diff_runs(opened, run_a, run_b, pipeline, with_equal_metrics=all_metrics)
    if json:
        print_json(diff_to_json(found, opened))
    else:
        print_diff(found, opened, console())


@app.command()
@reports_errors
def explain(
    node: Annotated[str, typer.Argument(help="Its name, as darkroom plan shows it.")],
    pipeline: Pipeline = None,
    profile: Profile = None,
    overrides: Set = None,
    device: Annotated[
        Literal["auto", "cpu", "cuda", "mps"], typer.Option("--device", help="Of the run.")
    ] = "auto",
    number_format: NumberFormat = None,
    backend: Backend = None,
    store: StoreAddress = "data/runs",
    file: File = "pipelines.yaml",
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Say what decides a node's key, and why it is in the store or not."""
    from flows.declaration.read_declaration import read_declaration
    from flows.plan.plan import make_plan
    from flows.upkeep.explain_node import explain_node, explanation_to_json, print_explanation

    opened = _open(store)
    declaration = read_declaration(file)
    plan = make_plan(
        declaration,
        declaration.pipeline_name(pipeline),
        profile,
        opened,
        overrides=overrides or (),
        device=device,
        number_format=number_format,
        backend=backend,
    )
    found = explain_node(plan, node, opened.rows().values())
    if json:
        print_json(explanation_to_json(found))
    else:
        print_explanation(found, console())


@app.command()
@reports_errors
def verify(
    repair: Annotated[
        bool,
        typer.Option("--repair", help="Set damage aside, so that the next run makes it anew."),
    ] = False,
    store: StoreAddress = "data/runs",
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Read everything in the store again; exit code 1 if something is wrong and not repaired."""
    from flows.upkeep.verify_store import print_verification, verification_to_json, verify_store

    found = verify_store(_open(store, write=repair), repair=repair)
    if json:
        print_json(verification_to_json(found))
    else:
        print_verification(found, console())
    raise typer.Exit(1 if found.is_wrong else 0)


@app.command()
@reports_errors
def gc(
    keep_runs: Annotated[
        int, typer.Option("--keep-runs", help="So many of each pipeline and profile.")
    ] = 3,
    delete: Annotated[
        bool, typer.Option("--delete", help="Do it; without, only say what would go.")
    ] = False,
    store: StoreAddress = "data/runs",
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Delete what no kept, pinned or running run needs; without --delete, only list it."""
    from flows.upkeep.collect_garbage import cleaning_to_json, collect_garbage, print_cleaning

    found = collect_garbage(_open(store, write=delete), keep_runs=keep_runs, delete=delete)
    if json:
        print_json(cleaning_to_json(found))
    else:
        print_cleaning(found, console())
    raise typer.Exit(1 if delete and found.blocked else 0)


@app.command()
@reports_errors
def pin(
    run: RunName,
    pipeline: OfPipeline = None,
    store: StoreAddress = "data/runs",
    debug: Debug = False,
) -> None:
    """Keep a run, and all it needs, from gc."""
    from flows.upkeep.runs import pin_run

    row = pin_run(_open(store, write=True), run, pipeline)
    typer.echo(f"pinned {row.run_id} of {row.name.removeprefix('run/')}")


@app.command()
@reports_errors
def unpin(
    run: RunName,
    pipeline: OfPipeline = None,
    store: StoreAddress = "data/runs",
    debug: Debug = False,
) -> None:
    """Take a pin away."""
    from flows.upkeep.runs import unpin_run

    row = unpin_run(_open(store, write=True), run, pipeline)
    typer.echo(f"unpinned {row.run_id} of {row.name.removeprefix('run/')}")


@app.command()
@reports_errors
def doctor(
    fix: Annotated[
        bool, typer.Option("--fix", help="End servers and mark runs that a kill has left.")
    ] = False,
    store: StoreAddress = "data/runs",
    data_root: DataRoot = None,
    file: File = "pipelines.yaml",
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Check this machine and what kills have left; exit code 1 if there is a problem."""
    from flows.upkeep.doctor.examine import examine
    from flows.upkeep.doctor.finding import findings_to_json, print_findings
    from tasks.store.store import Store

    # Not opened: a store that cannot be used is one of the things to find.
    findings = examine(Store(store), file, data_root, fix=fix)
    if json:
        print_json(findings_to_json(findings))
    else:
        print_findings(findings, console())
    raise typer.Exit(1 if any(finding.is_wrong for finding in findings) else 0)


@app.command()
@reports_errors
def export(
    pipeline: Annotated[str, typer.Argument(help="A pipeline that has run.")],
    out: Annotated[
        str | None, typer.Option("--out", metavar="FILE", help="By default PIPELINE.zip, here.")
    ] = None,
    store: StoreAddress = "data/runs",
    debug: Debug = False,
) -> None:
    """Write the report of a pipeline and its rows of the manifest into one zip."""
    from flows.upkeep.export_pipeline import export_pipeline
    from tasks.store.local_files import given_path

    path = given_path(out or f"{pipeline}.zip")
    typer.echo(str(export_pipeline(_open(store), pipeline, path)))


def _open(address: str, *, write: bool = False) -> Store:
    """write: the command may change the store, which therefore has to be there."""
    from tasks.store.store import Store

    store = Store.open(address, create=False)
    if write and store.is_there():
        return Store.open(address)
    return store
